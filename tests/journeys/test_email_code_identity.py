"""A code by e-mail as proof of the invited mailbox: another identity, and guests who move to a partner that came later."""

from __future__ import annotations

from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.services.invitations.invitations import IssuedInvitation
from broker.storage.tables import assignments, identities, people
from tests.journeys.email_code import CODE, GWEN, events, guest
from tests.journeys.test_redemption_attacks import status
from tests.journeys.world import ADA, BO, NORA, World, partner_file


def bound(world: World) -> set[tuple[str, str]]:
    """(partner, address) of every identity."""
    with world.broker.core.db.read() as tx:
        joined = select(identities.c.partner, people.c.email).join(people, people.c.id == identities.c.person_id)
        return {(row[0], row[1]) for row in tx.execute(joined)}


# --- IN-01: another identity, and the invited mailbox ----------------------------------------------------------------------


def test_other_identity_proves_the_invited_mailbox(both: World) -> None:
    """IN-01: who signed in elsewhere is offered a code to the invited address; the right one binds that identity, no other."""
    invited = both.invite(GWEN)
    nora = both.visitor(NORA)
    page = at_code_beside(both, nora, invited)
    assert NORA.email in page.text
    assert GWEN in page.text
    code = both.code(GWEN)
    page = nora.browser.submit(page, {"code": f" {code[:4]} {code[4:]}\u00a0"})
    assert page.name == "review-permissions"
    page = nora.browser.proceed(page, stop_at=both.callback)
    assert page.location == f"{both.callback}/home"
    assert bound(both) == {("northwind", GWEN)}
    claims = both.sign_in(nora).claims
    assert (claims["idp"], claims["email"], claims["email_verified"]) == ("northwind", GWEN, True)


def at_code_beside(world: World, who: DemoPerson, invited: IssuedInvitation) -> BrowserPage:
    """Redeem, choose Northwind instead of the code, sign in there: the page that asks for the invited mailbox."""
    browser = who.browser
    page = browser.submit(browser.get(invited.redeem_url), press="Continue")
    assert page.name == CODE
    page = browser.follow(page, "Use another organization")
    page = browser.submit(page, press="northwind")
    page = browser.submit(page, press=who.subject)
    assert page.name == CODE, page
    assert status(world, invited) == "pending"
    return page


def test_wrong_codes_end_the_attempt(both: World) -> None:
    """IN-01: codes failed: too_many_attempts; the invitation stays pending, nothing is bound, the attempt is explained."""
    invited = both.invite(GWEN)
    nora = both.visitor(NORA)
    page = at_code_beside(both, nora, invited)
    right = both.code(GWEN)
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    for _ in range(4):
        page = nora.browser.submit(page, {"code": wrong})
        assert (page.status, page.name) == (400, CODE)
    page = nora.browser.submit(page, {"code": wrong})
    assert (page.status, page.error) == (429, "too_many_attempts")
    assert both.receipt(page)["reason"] == "code_tries"
    assert bound(both) == set()
    assert status(both, invited) == "pending"
    late = nora.browser.get(page.url.removesuffix("/code"))
    assert (late.status, late.error) == (429, "too_many_attempts")  # the sixth try is none, with the right code neither
    page = nora.browser.submit(late, press="Send a new code")
    assert page.name == CODE
    assert both.code(GWEN) != right
    page = nora.walk(nora.browser.submit(page, {"code": both.code(GWEN)}), stop_at=both.callback)
    assert page.location == f"{both.callback}/home"


def test_declined_mailbox(world: World) -> None:
    """IN-01: declined: invitation_mismatch, and the reason is on record; another account is one button away."""
    invited = world.invite()
    bo = world.visitor(BO)
    page = world.redeem(bo, invited)
    assert page.name == CODE
    page = bo.browser.submit(page, press="I can't read e-mail there")
    assert (page.status, page.error) == (403, "invitation_mismatch")
    assert world.receipt(page)["reason"] == "invitation_identity"
    assert bo.browser.get(page.url).error == "invitation_mismatch"
    assert bound(world) == set()
    ada = world.visitor(ADA)
    ada.browser = bo.browser
    assert ada.again(page, stop_at=world.callback).location == f"{world.callback}/home"
    assert bound(world) == {("fabrikam", ADA.email)}


def test_proof_for_one_identity_is_none_for_another(both: World) -> None:
    """AL-04: the code that was sent while Nora was signed in, and the proof that it gave, are nothing for who comes after her."""
    invited = both.invite(GWEN)
    nora = both.visitor(NORA)
    page = at_code_beside(both, nora, invited)
    code = both.code(GWEN)
    proven = nora.browser.submit(page, {"code": code})
    assert proven.name == "review-permissions"
    again = nora.browser.submit(proven, press="Use another account", stop_at=f"{both.url}/signin")
    bo = both.visitor(BO)
    bo.browser = nora.browser
    chosen = nora.browser.get((again.location or "") + "/choose")
    page = nora.browser.submit(nora.browser.submit(chosen, press="fabrikam"), press=BO.subject)
    assert page.name == CODE
    refused = nora.browser.submit(page, {"code": code}, stop_at=both.callback)
    assert (refused.status, refused.name) == (400, CODE)
    stale = nora.browser.proceed(proven, stop_at=both.callback)  # the consent form that Nora's proof earned
    assert stale.location is None
    assert bound(both) == set()


# --- moving to a partner that came later -----------------------------------------------------------------------------------


def test_move_with_proof_of_both(both: World) -> None:
    """The guest's organization becomes a partner: its word and a code to the old mailbox move him; id, sub, groups stay."""
    lara = "nora@northwind.example"
    file = both.home / "config/partners/northwind.yaml"
    before_text = file.read_text("utf-8")
    file.unlink()
    both.reload()
    person = guest(both, lara)
    first = both.sign_in(both.mailbox(lara))
    with both.broker.core.db.read() as tx:
        held = tx.execute(select(assignments.c.id).where(assignments.c.person_id == person)).all()
    both.write("partners/northwind.yaml", before_text)
    nora = both.visitor(NORA)
    page = both.arrive(nora)
    assert nora.seen == ["home-organization", "partner-login", CODE]
    assert bound(both) == {("email", lara)}
    tokens_at = nora.browser.submit(page, {"code": both.code(lara)}, stop_at=both.callback)
    assert tokens_at.query["code"]
    assert bound(both) == {("northwind", lara)}
    again = both.sign_in(both.visitor(NORA))
    assert (again.claims["sub"], again.claims["idp"]) == (first.claims["sub"], "northwind")
    with both.broker.core.db.read() as tx:
        assert tx.execute(select(assignments.c.id).where(assignments.c.person_id == person)).all() == held
    moved = events(both, "guest.moved")
    assert [(row["subject"], row["data"]) for row in moved] == [(person, {"from": "email", "to": "northwind"})]


def test_no_move_without_the_old_mailbox(world: World) -> None:
    """AL-01, AL-02: neither half is enough: no code, no move; an unverified address is not even asked."""
    file = world.home / "config/partners/northwind.yaml"
    text = file.read_text("utf-8")
    file.unlink()
    world.reload()
    guest(world, NORA.email)
    gwen = world.mailbox(NORA.email)
    world.sign_in(gwen)
    issuer = world.partners["northwind"].issuer
    world.write("partners/northwind.yaml", partner_file("Northwind", "northwind.example", issuer, trust=False))
    assert world.arrive(world.visitor(NORA)).error == "not_invited"
    world.write("partners/northwind.yaml", text)
    nora = world.visitor(NORA)
    page = world.arrive(nora)
    assert page.name == CODE
    page = nora.browser.submit(page, press="I can't read e-mail there")
    assert page.error == "not_invited"
    assert bound(world) == {("email", NORA.email)}
    page = world.arrive(gwen)  # the session that the code began holds no more: the guest goes to the partner
    assert gwen.seen[:2] == ["home-organization", "partner-login"]
