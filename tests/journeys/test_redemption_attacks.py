"""Invitations, redemption and account linking: the IN and AL cases, against the running broker."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from broker.demo.browser import Browser, BrowserPage
from broker.demo.identity import Client
from broker.demo.person import DemoPerson
from broker.domain.errors import CommandError
from broker.services.invitations.invitations import InvitationRequest, IssuedInvitation
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.tables import audit, identities, invitations, people
from tests.journeys.world import ACTOR, ADA, BO, CLEO, MALLORY, NORA, SECRET, World, partner_file


def status(world: World, invited: IssuedInvitation) -> str:
    """What the row says."""
    with world.broker.core.db.read() as tx:
        found = tx.execute(select(invitations.c.status).where(invitations.c.id == invited.invitation.id)).scalar_one()
        return str(found)


def bound(world: World) -> list[tuple[str, str]]:
    """(partner, person's address) of every identity."""
    with world.broker.core.db.read() as tx:
        rows = tx.execute(select(identities.c.partner, people.c.email).join(people, people.c.id == identities.c.person_id))
        return sorted((row[0], row[1]) for row in rows)


def test_forwarded_link(world: World) -> None:
    """IN-01: somebody else redeems the link; the invitation stays pending, the attempt is on record."""
    invited = world.invite()
    nora = world.visitor(BO)  # of the same organization, with another address
    page = world.refuse_mailbox(nora, world.redeem(nora, invited))
    assert (page.status, page.error) == (403, "invitation_mismatch")
    assert world.receipt(page)["reason"] == "invitation_identity"
    assert status(world, invited) == "pending"
    assert bound(world) == []
    assert world.redeem(world.visitor(ADA), invited).location == f"{world.callback}/home"


def until_consent(who: DemoPerson, page: BrowserPage) -> BrowserPage:
    """On to the consent page, without pressing its button."""
    who.halt_at = ("review-permissions",)
    page = who.walk(page)
    who.halt_at = ()
    return page


def test_signed_in_as_somebody_else(world: World) -> None:
    """IN-08: the page says who is signed in; the link never attaches to that account."""
    bo = world.visitor(BO)
    world.redeem(bo)
    invited = world.invite()
    page = bo.browser.get(invited.redeem_url)
    assert page.name == "invitation"
    assert BO.email in page.text
    ada = world.visitor(ADA)
    ada.browser = bo.browser
    assert ada.walk(page, stop_at=world.callback).location is not None
    assert bound(world) == [("fabrikam", ADA.email), ("fabrikam", BO.email)]


def test_started_here_finished_there(world: World) -> None:
    """IN-09: the identity login of another browser claims nothing."""
    invited = world.invite()
    ada, other = world.visitor(ADA), world.visitor(ADA)
    callback = ada.open(invited.redeem_url, stop_at=f"{world.url}/oidc").location or ""
    page = other.browser.get(callback)
    assert (page.error, world.receipt(page)["reason"]) == ("login_expired", "login_browser_mismatch")
    assert bound(world) == []


def test_domain_denied_after_the_invitation(world: World) -> None:
    """IN-10, PO-04: the domain came to be denied before the link was opened; exact labels only."""
    invited = world.invite()
    path = world.home / "config" / "broker.yaml"
    text = path.read_text("utf-8")
    world.write("broker.yaml", text + "invitations: {deny_domains: [fabrikam.example]}\n")
    page = Browser(clock=world.clock).get(invited.redeem_url)
    assert (page.status, page.error) == (403, "domain_denied")
    with pytest.raises(CommandError, match="may not be invited"):
        world.invite("bo@fabrikam.example")
    world.invite("bo@sub.fabrikam.example")
    world.invite("bo@evil-fabrikam.example")


@pytest.mark.parametrize(
    "email", ["a@b.example\r\nBcc: c@d.example", "a@b.example,c@d.example", "A <a@b.example>", "a b@c.example", "@x", ""]
)
def test_bad_addresses(world: World, email: str) -> None:
    """IN-13: one plain address, or one clear line; nothing is stored."""
    before = world.counts()
    with pytest.raises(CommandError):
        world.invite(email)
    assert world.counts() == before


def test_one_address_has_one_guest(both: World) -> None:
    """IN-13: case and IDNA make no second person; twenty parallel invitations neither."""
    made: list[IssuedInvitation] = []
    threads = [
        threading.Thread(target=lambda email=email: made.append(both.invite(email)))
        for email in ["Ada@Fabrikam.EXAMPLE", "ada@fabrikam.example"] * 10
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 20
    assert len({invited.invitation.guest_id for invited in made}) == 1
    with both.broker.core.db.read() as tx:
        live = tx.execute(select(invitations.c.id).where(invitations.c.status == "pending")).all()
    assert len(live) == 1


def test_pre_hijacking(world: World) -> None:
    """AL-03: whoever comes first with the victim's address from elsewhere gets nothing that the victim's sign-in opens."""
    mallory = world.visitor(MALLORY)
    mallory.address = NORA.email
    assert world.arrive(mallory).error == "not_invited"
    ada = world.visitor(ADA)
    world.redeem(ada)
    assert world.sign_in(ada).claims["email"] == ADA.email
    mallory = world.visitor(MALLORY)
    mallory.address = NORA.email
    assert world.arrive(mallory).error == "not_invited"
    assert bound(world) == [("fabrikam", ADA.email)]


def test_one_identity_for_two_guests(world: World) -> None:
    """AL-07: an identity that is bound cannot be bound again: 409, the second invitation stays."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    invited = world.invite("ada.fabrik@fabrikam.example")
    page = world.redeem(world.visitor(ADA), invited)
    assert (page.status, page.error) == (409, "invitation_mismatch")
    assert world.receipt(page)["reason"] == "identity_taken"
    assert status(world, invited) == "pending"


def test_partner_gone_or_moved(world: World) -> None:
    """AL-08: removed, its issuer changed, its issuer under another partner's id: the old links serve nobody."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    issuer = world.partners["fabrikam"].issuer
    (world.home / "config/partners/fabrikam.yaml").unlink()
    world.reload()
    assert world.arrive(ada).error == "partner_failed"
    fresh = world.visitor(ADA)
    assert world.arrive(fresh).name == "email-code"
    callback = f"{world.url}/oidc/fabrikam2/callback"
    world.partners["fabrikam"].add_client(Client(client_id="contoso", client_secret=SECRET, redirect_uris=(callback,)))
    world.write("partners/fabrikam2.yaml", partner_file("Fabrikam", "fabrikam.example", issuer))
    page = world.arrive(world.visitor(ADA))
    assert page.error == "not_invited"


def test_address_changes_at_the_partner(world: World) -> None:
    """AL-09: the partner says another address later; the record, its links and the released address stay."""
    bo = world.visitor(BO)
    world.redeem(bo)
    world.redeem(world.visitor(ADA))
    world.partners["fabrikam"].accounts["bo"] = replace(BO, email=ADA.email)
    tokens = world.sign_in(world.visitor(BO))
    assert tokens.claims["email"] == BO.email
    assert bound(world) == [("fabrikam", ADA.email), ("fabrikam", BO.email)]


def test_member_address_is_not_invited(world: World) -> None:
    """FA-07: an address of the staff's own domain is not invited; one clear line says so."""
    world.sign_in(world.visitor(CLEO))
    with pytest.raises(CommandError, match="members sign in, and are not invited"):
        world.invite(CLEO.email)


def test_second_invitation_keeps_the_guest(world: World) -> None:
    """A guest who is active is invited to one more application: same record, same `sub`, no second identity."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    sub = world.sign_in(ada).claims["sub"]
    invited = world.invite(application="travel", redirect_url=f"{world.callback}/travel")
    assert world.redeem(ada, invited).location == f"{world.callback}/travel"
    assert world.sign_in(ada).claims["sub"] == sub
    assert bound(world) == [("fabrikam", ADA.email)]
    assert len(world.broker.guests.directory.page(GuestFilter(), limit=10)) == 1


def test_decline_keeps_the_invitation(world: World) -> None:
    """Declining shares nothing; the link works again later."""
    invited = world.invite()
    ada = world.visitor(ADA)
    page = until_consent(ada, ada.browser.get(invited.redeem_url))
    assert page.name == "review-permissions"
    page = ada.browser.submit(page, press="Decline")
    assert page.name == "declined"
    assert status(world, invited) == "pending"
    assert bound(world) == []
    assert world.redeem(ada, invited).location is not None


def test_every_invitation_is_audited(world: World) -> None:
    """Who invited whom is in the audit, the address only in the side table."""
    invited = world.broker.invitations.invitations.invite(ACTOR, InvitationRequest(email=ADA.email))
    with world.broker.core.db.read() as tx:
        row = tx.execute(select(audit).where(audit.c.target == invited.invitation.id)).one()
    assert row._mapping["name"] == "invitation.created"
    assert ADA.email not in str(row)


@pytest.mark.parametrize("bound_before", [False, True])
def test_blocked_after_the_invitation(world: World, bound_before: bool) -> None:
    """IN-10, SC-06: a guest who was blocked in the meantime redeems nothing: no binding, no consent, no assignment."""
    if bound_before:
        world.redeem(world.visitor(ADA))
    invited = world.invite(application="travel")
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == ADA.email).values(state="blocked"))
    leave_out = ("logins", "receipts", "audit", "audit_personal", "attempts", "documents")
    before = world.counts(*leave_out)
    page = world.redeem(world.visitor(ADA), invited)
    assert (page.status, page.error) == (403, "guest_blocked")
    assert world.counts(*leave_out) == before
    assert status(world, invited) == "pending"


def test_too_many_logins_of_one_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """RX-05, HW-10: what strangers can store is bounded by address."""
    monkeypatch.setattr("broker.services.login.sign_in.LOGINS_PER_ADDRESS", 2)
    ends = [Browser(clock=world.clock).get(world.request()[0]) for _ in range(3)]
    assert [(page.status, page.error) for page in ends] == [(200, ""), (200, ""), (429, "too_many_attempts")]
