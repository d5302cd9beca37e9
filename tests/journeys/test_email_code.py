"""The code by mail, end to end: the home of guests who have none, the proof of an invited mailbox, the move to a new partner."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select, update

from broker.demo.browser import Browser, BrowserPage
from broker.demo.mailbox import read_mails
from broker.demo.person import DemoPerson
from broker.demo.relying import SignInFailed
from broker.domain.errors import Invalid
from broker.domain.visitor import Visitor
from broker.services.invitations.invitations import IssuedInvitation
from broker.services.login.email_code import Entered
from broker.storage.operations import outbox as outbox_rows
from broker.storage.tables import assignments, audit, identities, logins, mail_codes, outbox, people
from broker.web.cookies import CookiePurpose
from tests.journeys.counting import statements
from tests.journeys.test_redemption_attacks import status
from tests.journeys.test_session_attacks import cookie
from tests.journeys.world import ADA, BO, NORA, World, partner_file
from tests.race import race

GWEN = "gwen@mailbox.example"
CODE = "email-code"


def bound(world: World) -> set[tuple[str, str]]:
    """(partner, address) of every identity."""
    with world.broker.core.db.read() as tx:
        joined = select(identities.c.partner, people.c.email).join(people, people.c.id == identities.c.person_id)
        return {(row[0], row[1]) for row in tx.execute(joined)}


def events(world: World, name: str) -> list[dict[str, Any]]:
    """The audit events of a name."""
    with world.broker.core.db.read() as tx:
        return [dict(row._mapping) for row in tx.execute(select(audit).where(audit.c.name == name))]


def asked(world: World, address: str = GWEN, **browser: Any) -> tuple[Browser, BrowserPage]:
    """A browser at the page that waits for the code, by way of the address form."""
    found = Browser(clock=world.clock, **browser)
    return found, found.submit(found.get(world.request()[0]), {"email": address}, press="Continue")


def guest(world: World, address: str = GWEN) -> str:
    """A guest who redeemed by code; the id."""
    invited = world.invite(address)
    page = world.redeem(world.mailbox(address), invited)
    assert page.location == f"{world.callback}/home", page
    return invited.invitation.guest_id


# --- a guest without a partner -------------------------------------------------------------------------------------------


def test_redeem_and_sign_in(both: World) -> None:
    """The code is the identity: (email, our issuer, the guest's id), idp `email`, amr otp, acr single factor (contract)."""
    gwen = both.mailbox(GWEN)
    person = guest(both)
    with both.broker.core.db.read() as tx:
        row = tx.execute(select(identities)).one()
    assert (row.partner, row.issuer, row.subject, row.person_id) == ("email", both.url, person, person)
    tokens = both.sign_in(gwen)
    assert gwen.seen == ["home-organization", CODE]
    claims = tokens.claims
    assert (claims["idp"], claims["amr"], claims["acr"]) == ("email", ["otp"], "https://refeds.org/profile/sfa")
    assert (claims["email"], claims["email_verified"]) == (GWEN, True)
    assert both.broker.guests.directory.show(GWEN).person.partner == "email"
    assert {event["name"] for event in events(both, "mail_code.accepted")} == {"mail_code.accepted"}
    receipt = both.broker.history.receipts.newest(email=GWEN)[0]
    assert receipt.partner == "email"


def test_single_sign_on_and_fresh_codes(world: World) -> None:
    """prompt=none and max_age are served by the session, prompt=login asks for a new code, auth_time is the code's (HP-16)."""
    guest(world)
    gwen = world.mailbox(GWEN)
    first = world.sign_in(gwen)
    world.clock.advance(60)
    assert world.sign_in(gwen, prompt="none").claims["auth_time"] == first.claims["auth_time"]
    assert world.sign_in(gwen, max_age="3600").claims["auth_time"] == first.claims["auth_time"]
    sent = len(world.mails(GWEN))
    again = world.sign_in(gwen, prompt="login")
    assert gwen.seen == [CODE]
    assert len(world.mails(GWEN)) == sent + 1
    assert again.claims["auth_time"] == first.claims["auth_time"] + 60
    world.clock.advance(60)
    assert world.sign_in(gwen, max_age="30").claims["auth_time"] == first.claims["auth_time"] + 120
    assert world.sign_in(gwen, prompt="select_account").claims["auth_time"] == first.claims["auth_time"] + 120
    assert gwen.seen == ["home-organization", CODE]
    with pytest.raises(SignInFailed, match="login_required"):
        world.sign_in(world.mailbox(GWEN), prompt="none")


def test_nothing_is_mailed_by_a_link(world: World) -> None:
    """HW-5: an application's hint, in a link that anybody can make, only fills the field in; the button has the code sent."""
    guest(world)
    sent = len(world.mails(GWEN))
    browser = Browser(clock=world.clock)
    page = browser.get(world.request(login_hint=GWEN)[0])
    assert (page.name, GWEN in page.text) == ("home-organization", True)
    assert len(world.mails(GWEN)) == sent
    assert browser.submit(page, press="Continue").name == CODE
    assert len(world.mails(GWEN)) == sent + 1


def test_reload_back_and_two_tabs(world: World) -> None:
    """A reload sends nothing; each tab takes its own code; the tab that is late goes on with what the first one proved."""
    guest(world)
    browser, page = asked(world)
    sent = len(world.mails(GWEN))
    page = browser.get(page.url)
    assert (page.name, len(world.mails(GWEN))) == (CODE, sent)
    code = world.code(GWEN)
    done = browser.submit(page, {"code": code}, stop_at=world.callback)
    assert done.query["code"]
    late = browser.submit(page, {"code": code}, stop_at=world.callback)
    assert late.error == "login_expired"
    two = browser.get(page.url)
    assert two.error == "login_expired"


def test_code_of_another_login(both: World) -> None:
    """AL-04: a code obtained in one browser, or for another mailbox, is wrong everywhere else, whoever typed it."""
    guest(both)
    guest(both, "hugo@mailbox.example")
    _, _ = asked(both)
    gwens = both.code(GWEN)
    attacker, page = asked(both)
    refused = attacker.submit(page, {"code": gwens}, stop_at=both.callback)
    if gwens != both.code(GWEN):
        assert (refused.status, refused.name) == (400, CODE)
    hugo, page = asked(both, "hugo@mailbox.example")
    refused = hugo.submit(page, {"code": both.code(GWEN)}, stop_at=both.callback)
    assert (refused.status, refused.name) == (400, CODE)


def test_closed_by_the_file(world: World) -> None:
    """guests.email_one_time_code: false: no page, no mail; a session that a code began vouches no more."""
    guest(world)
    gwen = world.mailbox(GWEN)
    world.sign_in(gwen)
    sent = len(world.mails(GWEN))
    text = (world.home / "config/broker.yaml").read_text("utf-8")
    world.write("broker.yaml", text + "guests: {email_one_time_code: false}\n")
    _, page = asked(world)
    assert page.name == "choose-partner"
    assert world.arrive(gwen).error == "partner_failed"
    invited = world.invite("hugo@mailbox.example")
    assert world.redeem(world.mailbox("hugo@mailbox.example"), invited).name == "choose-partner"
    assert len(world.mails(GWEN)) == sent


def test_members_never_sign_in_by_code(world: World) -> None:
    """An address of a `members: true` partner goes to that partner, and no code stands in for it (IN-01)."""
    _, page = asked(world, "cleo@contoso.example")
    assert page.name == "partner-login"
    with pytest.raises(Invalid, match="own staff") as refused:  # FA-07
        world.invite("new@contoso.example")
    assert refused.value.reason == "is_member"
    assert world.mails("new@contoso.example") == []


# --- who has an address shows nowhere ------------------------------------------------------------------------------------


def test_known_and_unknown_are_answered_alike(both: World) -> None:
    """LP-04: the same page, status and statements for a guest, an invited one, a guest of a partner, and nobody; a mail to one."""
    guest(both)
    both.invite("pending@mailbox.example", mail=False)
    addresses = (GWEN, "pending@mailbox.example", "nobody@mailbox.example")
    before = len(both.mails(GWEN))
    seen = {}
    for address in addresses:
        with statements(both.broker.core.db) as ran:
            browser, page = asked(both, address)
            wrong = browser.submit(page, {"code": "00000000"})
            again = browser.submit(wrong, press="Send a new code")
        shown = [re.sub(rf'nonce="[^"]*"|[\w-]{{36,43}}|{re.escape(address)}', "", one.text) for one in (page, wrong, again)]
        seen[address] = (shown, [one.status for one in (page, wrong, again)], ran)
    assert seen[GWEN] == seen["pending@mailbox.example"] == seen["nobody@mailbox.example"]
    assert len(both.mails(GWEN)) == before + 1
    assert both.mails("nobody@mailbox.example") + both.mails("pending@mailbox.example") == []


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


# --- bad input, time, limits -----------------------------------------------------------------------------------------------

BAD = [
    "",
    "1234567",
    "123456789",
    "+1234567",
    "１２３４５６７８",
    "٠١٢٣٤٥٦٧",
    "1234567a",
    "0x123456",
    "1e7",
    "1 2 3 4",
    "\u200b" * 8,
    "9" * 5000,
]


@pytest.mark.parametrize("typed", BAD, ids=range(len(BAD)))
def test_what_is_no_code(world: World, typed: str) -> None:
    """MF-09: non-ASCII digits, too few, too many, signs, nothing: refused, counted, no 500, what was typed is not echoed."""
    guest(world)
    browser, page = asked(world)
    refused = browser.submit(page, {"code": typed})
    assert (refused.status, refused.name) == (400, CODE)
    echoed = re.search(rf"(?<![\w-]){re.escape(typed)}(?![\w-])", refused.text.replace("1 2 3 4", ""))
    assert not typed.strip() or echoed is None  # as a word: "1e7" can stand within any handle
    with world.broker.core.db.read() as tx:
        assert tx.execute(select(mail_codes.c.tries).order_by(mail_codes.c.sent_at.desc())).scalars().all().count(1) >= 1


def test_arrays_and_a_megabyte(world: World) -> None:
    """MF-09, HW-8: two values are none, and counted; a megabyte is refused before it is read."""
    guest(world)
    browser, page = asked(world)
    form = page.primary
    csrf = next(item.value for item in form.fields if item.name == "csrf")
    code = world.code(GWEN)
    url = page.url + "/code"
    refused = browser.post(url, [("csrf", csrf), ("code", code), ("code", code)], opener=page)
    assert (refused.status, refused.name) == (400, CODE)
    refused = browser.post(url, [("csrf", csrf), ("code[]", code)], opener=page)
    assert (refused.status, refused.name) == (400, CODE)
    refused = browser.post(url, [("csrf", csrf), ("code", "1" * 2**20)], opener=page)
    assert (refused.status, refused.error) == (413, "bad_request")
    refused = browser.post(url, {"code": code}, opener=page)
    assert (refused.status, refused.error) == (403, "bad_request")
    assert browser.submit(page, {"code": code}, stop_at=world.callback).query["code"]


@pytest.mark.parametrize(("seconds", "good"), [(599, True), (600, False)])
def test_ten_minutes(world: World, seconds: int, good: bool) -> None:
    """HT-12: over at its instant; the page says so, and a new code works."""
    guest(world)
    browser, page = asked(world)
    code = world.code(GWEN)
    world.clock.advance(seconds)
    page = browser.submit(page, {"code": code}, stop_at=world.callback)
    if good:
        assert page.query["code"]
        return
    assert (page.status, page.name) == (400, CODE)
    assert "no longer valid" in page.text
    page = browser.submit(page, press="Send a new code")
    assert browser.submit(page, {"code": world.code(GWEN)}, stop_at=world.callback).query["code"]


def test_mail_that_comes_too_late(world: World) -> None:
    """A code that could not be sent within its life is not sent at all; before the invitations it leaves first."""
    guest(world)
    world.clock.advance(60)
    world.invite("later@mailbox.example", mail=True)
    asked(world)
    with world.broker.core.db.write() as tx:
        first = outbox_rows.lease(tx, holder="h", now=world.clock(), until=world.clock() + 1, limit=1)
    assert [row.recipient for row in first] == [GWEN]
    sent = [mail.subject for mail in read_mails(world.home / "var" / "mail")]
    world.clock.advance(600)
    assert [mail.subject for mail in world.mails(GWEN)] == [subject for subject in sent if "code" in subject]
    assert len(world.mails("later@mailbox.example")) == 1


def test_one_live_code(world: World) -> None:
    """A new code takes the place of the old one; before the pause is over the button sends nothing."""
    guest(world)
    browser, page = asked(world)
    first, sent = world.code(GWEN), len(world.mails(GWEN))
    page = browser.submit(page, press="Send a new code")
    assert (page.name, len(world.mails(GWEN))) == (CODE, sent)
    world.clock.advance(30)
    page = browser.submit(browser.get(page.url), press="Send a new code")
    assert len(world.mails(GWEN)) == sent + 1
    assert "Only the newest code works." in page.text
    if first != world.code(GWEN):
        refused = browser.submit(page, {"code": first})
        assert (refused.status, refused.name) == (400, CODE)
    assert browser.submit(page, {"code": world.code(GWEN)}, stop_at=world.callback).query["code"]


def test_twenty_at_once(both: World) -> None:
    """HT-3, MF-01: the right code twenty times in parallel signs in once; the others find the login as the first one left it."""
    guest(both)
    browser, page = asked(both)
    code, login_id = both.code(GWEN), page.url.rpartition("/")[2]
    before, binding = len(events(both, "mail_code.accepted")), cookie(both, browser, CookiePurpose.BROWSER)
    done = race(lambda _: both.broker.login.email_code.enter(login_id, Visitor(binding, None, "127.0.0.1"), code))
    assert {entered for entered, _ in done} == {Entered.DONE}
    assert len([mark for _, mark in done if mark]) == 1
    assert len(events(both, "mail_code.accepted")) == before + 1
    with both.broker.core.db.read() as tx:
        assert tx.execute(select(logins.c.assertion).where(logins.c.id == login_id)).scalar_one()["partner"] == "email"


def test_limits_of_sending(both: World) -> None:
    """RX-07, HW-10: too many codes pause sending, with a way on; the same for an address that nobody has (LP-04)."""
    guest(both)
    both.clock.advance(3600)
    seen = []
    for address in (GWEN, "nobody@mailbox.example"):
        pages = [asked(both, address)[1] for _ in range(6)]
        seen.append([(page.status, page.name, page.error) for page in pages])
        assert pages[-1].document.primary_link
    assert seen[0] == seen[1] == [(200, CODE, "")] * 5 + [(429, "error", "too_many_attempts")]
    both.clock.advance(3600)
    assert asked(both)[1].name == CODE


def test_wrong_codes_lock_nobody_out(both: World) -> None:
    """RX-07: an attacker burns every code he asks for; the victim's own code, and a partner's sign-in, work as before."""
    guest(both)
    both.redeem(both.visitor(ADA))
    both.clock.advance(3600)
    victim, waiting = asked(both)
    code = both.code(GWEN)
    for _ in range(3):
        attacker, page = asked(both)
        for _ in range(5):
            page = attacker.submit(page, {"code": "00000000"}) if page.name == CODE else page
        assert page.error == "too_many_attempts"
    assert victim.submit(waiting, {"code": code}, stop_at=both.callback).query["code"]
    attacker, page = asked(both, ADA.email)
    assert page.name == "partner-login"
    assert both.sign_in(both.visitor(ADA)).claims["idp"] == "fabrikam"


def test_codes_rest_under_a_key(both: World) -> None:
    """HT-4, HT-14: no row gives a code away: not in clear, not as a hash of eight digits, and the mail is empty once it left."""
    guest(both)
    asked(both)
    code = both.code(GWEN)
    with both.broker.core.db.read() as tx:
        rows = [str(row) for table in (mail_codes, outbox, logins, audit) for row in tx.execute(select(table))]
        contents = tx.execute(select(outbox.c.content).where(outbox.c.kind == "code")).scalars().all()
        memories = tx.execute(select(mail_codes.c.memory)).scalars().all()
    assert not any(code in row for row in rows)
    assert set(contents) == {""}
    assert all(memory.startswith("s1.") for memory in memories)


def test_guest_who_was_stopped(world: World) -> None:
    """SC-06: the code proves the mailbox, and the gates say the rest: a blocked guest is blocked."""
    guest(world)
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == GWEN).values(state="blocked"))
    page = world.arrive(world.mailbox(GWEN))
    assert (page.status, page.error) == (403, "guest_blocked")
