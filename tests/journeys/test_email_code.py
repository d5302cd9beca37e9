"""The code by mail, end to end: the home of guests who have none, the proof of an invited mailbox, the move to a new partner."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from broker.demo.browser import Browser
from broker.demo.relying import SignInFailed
from broker.domain.errors import Invalid
from broker.storage.tables import identities
from tests.journeys.counting import statements
from tests.journeys.email_code import CODE, GWEN, asked, events, guest
from tests.journeys.world import World

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
