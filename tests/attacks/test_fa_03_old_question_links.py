"""FA-03: an old mail answers nothing: whoever was asked must be the one to ask now, and staff's ends are staff's to undo."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.domain.expiry_rules import Rules
from broker.domain.guest import GuestState, Person
from broker.services.operations.after_restore import Restored
from broker.storage.tables import audit, people, questions
from tests.journeys.second_factor import essential, with_phone
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World

DAY = 86_400
ALICE, BOB = "alice@contoso.example", "bob@contoso.example"
LINK = re.compile(r"http://\S+/question/[A-Za-z0-9_-]{43}")
RESET = "Yes, I've spoken to them: reset it"


def guest(world: World) -> Person:
    """Ada's record."""
    return world.person(ADA.email)


def link(world: World, address: str) -> str:
    """The question in the newest mail to an address; empty if there is none."""
    found = (LINK.search(mail.text) for mail in world.mails(address))
    return next((match[0] for match in found if match), "")


def asked_to_renew(world: World) -> str:
    """Ada, whose access ends in 14 days; the link that Alice, her sponsor, holds."""
    world.redeem(world.visitor(), world.invite(sponsor=ALICE, until=world.clock() + 60 * DAY))
    world.clock.advance(46 * DAY)
    world.broker.operations.housekeeping.run()
    return link(world, ALICE)


def asked_to_reset(world: World) -> str:
    """Ada, who says that her phone is lost; the link that Alice holds."""
    with_phone(world, world.visitor())
    with world.broker.core.db.write() as tx:
        tx.execute(people.update().where(people.c.email == ADA.email).values(sponsor=ALICE))
    who = world.visitor()
    page = world.arrive(who, login_hint=ADA.email, **essential())
    who.browser.submit(who.browser.follow(page, "I can't use any of these now"), press="Ask my contact to reset it")
    return link(world, ALICE)


def asked_about_somebody(world: World) -> str:
    """Bo came with Ada's invitation; the link that Alice holds."""
    who = world.visitor(BO)
    world.refuse_mailbox(who, world.redeem(who, world.invite(sponsor=ALICE)))
    return link(world, ALICE)


ASKED: dict[str, tuple[Callable[[World], str], str | None]] = {
    "renew": (asked_to_renew, None),
    "factor_reset": (asked_to_reset, RESET),
    "mismatch": (asked_about_somebody, None),
}


def handed_over(world: World) -> None:
    """Bob answers for Ada now."""
    world.broker.guests.sponsors.hand_over(ACTOR, ADA.email, BOB)


def sponsor_blocked(world: World) -> None:
    """Alice works here no more."""
    world.sign_in(world.visitor(CLEO))
    with world.broker.core.db.write() as tx:
        tx.execute(people.update().where(people.c.email == CLEO.email).values(email=ALICE))
    world.broker.guests.lifecycle.block(ACTOR, ALICE)


def ended_by_staff(world: World) -> None:
    """Staff ends the access."""
    world.broker.guests.lifecycle.expire(ACTOR, ADA.email, reason="project over")


def blocked_and_back(world: World) -> None:
    """Staff blocks the guest, and takes it back a minute later."""
    world.broker.guests.lifecycle.block(ACTOR, ADA.email)
    world.clock.advance(60)
    world.broker.guests.lifecycle.unblock(ACTOR, ADA.email)


CHANGES = {"hand_over": handed_over, "sponsor": sponsor_blocked, "end": ended_by_staff, "block": blocked_and_back}


def events(world: World) -> list[str]:
    """The audit's names."""
    with world.broker.core.db.read() as tx:
        return list(tx.execute(select(audit.c.name).order_by(audit.c.at, audit.c.id)).scalars())


def is_over(page: BrowserPage) -> bool:
    """The one answer for whatever is not open."""
    return (page.status, page.error, "no longer open" in page.text) == (400, "bad_request", True)


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("change", CHANGES)
def test_fa_03_who_was_asked_is_not_the_one_to_ask(both: World, kind: str, change: str) -> None:
    """Every kind of question against every change: the page that stands open answers nothing, the link opens nothing."""
    ask, press = ASKED[kind]
    url = ask(both)
    browser = Browser(clock=both.clock)
    page = browser.get(url)
    assert page.name == "question"
    CHANGES[change](both)
    before = guest(both)
    assert is_over(browser.submit(page, press=press))
    assert is_over(Browser(clock=both.clock).get(url))
    after = guest(both)
    assert (after.state, after.expires_at) == (before.state, before.expires_at)
    assert both.counts()["accepted_identities"] == 0
    assert both.counts()["factor_resets"] == 0
    assert "question.answered" not in events(both)


def test_fa_03_replaced_blocked_and_ended(both: World) -> None:
    """The attack as it was played: the sponsor is replaced and blocked, staff ends the access, the old mail revives it."""
    url = asked_to_renew(both)
    browser = Browser(clock=both.clock)
    page = browser.get(url)
    for change in (handed_over, sponsor_blocked, ended_by_staff):
        change(both)
    assert is_over(browser.submit(page))
    assert guest(both).state is GuestState.EXPIRED
    assert both.arrive(both.visitor()).error == "guest_expired"


def test_fa_03_a_question_that_was_not_closed_is_judged_all_the_same(both: World) -> None:
    """A sponsor who changed by another way (an invitation, another node's clock): the right is asked when it is used, on record."""
    url = asked_to_renew(both)
    browser = Browser(clock=both.clock)
    page = browser.get(url)
    with both.broker.core.db.write() as tx:
        tx.execute(people.update().where(people.c.email == ADA.email).values(sponsor=BOB))
    end = guest(both).expires_at
    assert is_over(browser.submit(page))
    assert guest(both).expires_at == end
    with both.broker.core.db.read() as tx:
        [said] = tx.execute(select(audit.c.reason).where(audit.c.name == "question.refused")).scalars()
        assert tx.execute(select(questions.c.answered_at)).scalars().all() == [None]
    assert said == "sponsor_gone"


def test_fa_03_another_end_than_the_one_on_the_page(both: World) -> None:
    """Staff set another end: the old answer, about the old one, changes nothing."""
    url = asked_to_renew(both)
    end = both.clock() + 3 * DAY
    with both.broker.core.db.write() as tx:
        tx.execute(people.update().where(people.c.email == ADA.email).values(expires_at=end))
    browser = Browser(clock=both.clock)
    assert is_over(browser.submit(browser.get(url)))
    assert guest(both).expires_at == end


def test_fa_03_the_new_sponsor_is_asked(both: World) -> None:
    """A hand-over closes the old question and asks it again of the new sponsor, who may extend."""
    asked_to_renew(both)
    handed_over(both)
    both.broker.operations.housekeeping.run()
    browser = Browser(clock=both.clock)
    end = guest(both).expires_at or 0
    assert browser.submit(browser.get(link(both, BOB))).name == "question-answered"
    assert (guest(both).expires_at or 0) > end


def test_fa_03_a_reset_that_was_agreed_to_by_somebody_who_left(both: World) -> None:
    """Three days lie between the answer and the reset: the one who agreed must still be the one to ask at its end."""
    browser = Browser(clock=both.clock)
    browser.submit(browser.get(asked_to_reset(both)), press=RESET)
    sponsor_blocked(both)
    both.clock.advance(4 * DAY)
    assert both.broker.operations.housekeeping.run()["factor_resets"] == 0
    assert events(both).count("factor.reset_stopped") == 1
    assert both.arrive(both.visitor(), login_hint=ADA.email, **essential()).name == "mfa-challenge"


def test_fa_03_who_is_deleted_is_asked_nothing(both: World) -> None:
    """LP-05: what a member was asked goes with their data, and the administrators are asked instead."""
    url = asked_to_renew(both)
    sponsor_blocked(both)
    both.broker.guests.lifecycle.delete(ACTOR, ALICE)
    with both.broker.core.db.read() as tx:
        assert ALICE not in tx.execute(select(questions.c.asked)).scalars().all()
    assert is_over(Browser(clock=both.clock).get(url))


def test_fa_21_a_restore_forgets_resets_that_were_agreed_to(both: World) -> None:
    """FA-21: the guest stopped it after the backup; the restored row must not be carried out."""
    browser = Browser(clock=both.clock)
    browser.submit(browser.get(asked_to_reset(both)), press=RESET)
    assert Restored(both.broker.core.db, both.clock, Rules()).run(ACTOR).ended["factor_resets"] == 1
    both.clock.advance(4 * DAY)
    assert both.broker.operations.housekeeping.run()["factor_resets"] == 0
    assert both.arrive(both.visitor(), login_hint=ADA.email, **essential()).name == "mfa-challenge"
