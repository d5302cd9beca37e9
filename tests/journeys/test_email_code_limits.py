"""Codes by e-mail: bad input, time and limits."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from broker.demo.mailbox import read_mails
from broker.domain.visitor import Visitor
from broker.services.login.email_code import Entered
from broker.storage.operations import outbox as outbox_rows
from broker.storage.tables import audit, logins, mail_codes, outbox, people
from broker.web.cookies import CookiePurpose
from tests.journeys.email_code import CODE, GWEN, asked, events, guest
from tests.journeys.test_session_attacks import cookie
from tests.journeys.world import ADA, World
from tests.race import race

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
