"""What time does: asks the sponsor, tells the guest, ends access, deletes what is too old to restore; a clock that is moved."""

from __future__ import annotations

import re
import threading
from email import policy
from email.parser import Parser
from typing import Any

import pytest
from sqlalchemy import select, update

from broker.app import build
from broker.demo.browser import Browser
from broker.domain.errors import Conflict
from broker.domain.guest import GuestState, Person
from broker.services.guests.expiry import Ends
from broker.storage.directory import guest_schedule
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.tables import audit, outbox, people
from tests.journeys.staff import administrators
from tests.journeys.world import ACTOR, ADA, BO, CLEO, SECRET, World

DAY = 86_400
ALICE, BOB = "alice@contoso.example", "bob@contoso.example"
LINK = re.compile(r"http://\S+/question/[A-Za-z0-9_-]{43}")


def guests(world: World, rule: str) -> None:
    """What broker.yaml says about guests from now on."""
    path = world.home / "config" / "broker.yaml"
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("guests:")]
    world.write("broker.yaml", "\n".join([*lines, f"guests: {{{rule}}}", ""]))


def active(world: World, account: Any = ADA, **wish: Any) -> Person:
    """A guest who accepted the invitation."""
    world.redeem(world.visitor(account), world.invite(account.email, **({"sponsor": ALICE} | wish)))
    return guest(world, account.email)


def guest(world: World, name: str = ADA.email) -> Person:
    """The record."""
    return world.person(name)


def keep_house(world: World, days: int = 0) -> dict[str, int]:
    """Some days later, the broker's housekeeping: what it did to guests."""
    world.clock.advance(days * DAY)
    done = world.broker.operations.housekeeping.run()
    assert "failed" not in done
    return {name.removeprefix("guests_"): n for name, n in done.items() if name.startswith("guests_") and n}


def mails(world: World) -> list[tuple[str, str, str]]:
    """(recipient, subject, text) of every mail that left since this was asked last."""
    world.broker.messages.outbox.deliver()
    found = []
    for path in sorted((world.home / "var" / "mail").glob("**/*.eml")):
        text = path.read_bytes().decode("utf-8", "replace")
        path.unlink()
        message = Parser(policy=policy.default).parsestr(text)
        body = message.get_body(("plain",))
        found.append((str(message["To"]), str(message["Subject"]), body.get_content() if body else ""))
    return sorted(found)


def test_the_life_of_a_year(both: World) -> None:
    """Asked at 14 days, renewed with one click for another year; not asked again before its end; nobody answers: it ends."""
    guests(both, "lifetime: 365d")
    began = both.clock()
    assert active(both).expires_at == began + 365 * DAY
    assert keep_house(both) == {}
    assert keep_house(both, 350) == {}
    assert keep_house(both, 1) == {"due": 1, "warned": 1}
    assert keep_house(both) == {}  # idempotent
    [guest_mail, sponsor_mail] = mails(both)
    assert guest_mail[:2] == (ADA.email, "Your access to Contoso ends on January 15, 2028, 08:00 UTC")
    assert ALICE in guest_mail[2]
    assert sponsor_mail[:2] == (ALICE, "Does Ada Fabrik still need access?")
    link = LINK.search(sponsor_mail[2])
    assert link is not None
    sponsor = Browser(clock=both.clock)
    assert sponsor.submit(sponsor.get(link[0])).name == "question-answered"
    assert guest(both).expires_at == began + 730 * DAY
    assert keep_house(both, 15) == {}
    assert both.sign_in(both.visitor()).claims["email"] == ADA.email

    assert keep_house(both, 350) == {"due": 1, "warned": 1}
    assert keep_house(both, 11) == {"due": 1, "warned": 1}
    assert [one[0] for one in mails(both)] == [ADA.email, ADA.email, ALICE, ALICE]
    both.clock.advance(3 * DAY - 1)
    assert keep_house(both) == {}
    assert both.sign_in(both.visitor()).claims["email"] == ADA.email
    both.clock.advance(1)
    assert both.arrive(both.visitor()).error == "guest_expired"  # at its instant, whether housekeeping ran or not (HT-12)
    assert keep_house(both) == {"due": 1, "expired": 1}
    assert guest(both).state is GuestState.EXPIRED
    page = both.arrive(both.visitor())
    assert (page.status, page.error) == (403, "guest_expired")
    assert ALICE in page.text  # with whom to ask


def test_restored_by_the_same_link(world: World) -> None:
    """A sponsor who reads the mail a week too late has the same button; the access begins again."""
    guests(world, "lifetime: 60d")
    active(world)
    keep_house(world, 46)
    link = LINK.search(mails(world)[1][2])
    keep_house(world, 21)
    assert guest(world).state is GuestState.EXPIRED
    sponsor = Browser(clock=world.clock)
    page = sponsor.get(link[0] if link else "")
    assert "You can still restore it." in page.text
    assert sponsor.submit(page).name == "question-answered"
    assert guest(world).state is GuestState.ACTIVE
    assert world.sign_in(world.visitor()).claims["email"] == ADA.email


def test_restored_by_staff_within_thirty_days(both: World) -> None:
    """`renew` restores until 30 days after the end; then the data is gone for good."""
    guests(both, "lifetime: 60d")
    first = active(both)
    keep_house(both, 61)
    both.clock.advance(28 * DAY)
    assert both.broker.guests.lifecycle.renew(ACTOR, ADA.email, reason="back").state is GuestState.ACTIVE
    assert guest(both).expires_at == both.clock() + 60 * DAY
    keep_house(both, 60)
    both.clock.advance(30 * DAY)
    with pytest.raises(Conflict):
        both.broker.guests.lifecycle.renew(ACTOR, ADA.email)
    assert keep_house(both) == {"due": 1, "deleted": 1}
    assert guest(both, first.id).state is GuestState.DELETED
    assert both.arrive(both.visitor()).error == "not_invited"
    assert keep_house(both) == {}


def test_let_it_end(world: World) -> None:
    """The sponsor says no: nobody is asked again, and it ends."""
    guests(world, "lifetime: 60d")
    active(world)
    keep_house(world, 46)
    link = LINK.search(mails(world)[1][2])
    sponsor = Browser(clock=world.clock)
    assert sponsor.submit(sponsor.get(link[0] if link else ""), press="Let it end").name == "question-answered"
    assert keep_house(world, 11) == {"due": 1}
    assert mails(world) == []
    assert keep_house(world, 3) == {"due": 1, "expired": 1}


def test_a_sponsor_who_is_gone(both: World) -> None:
    """The administrators are asked instead; the guest is listed; after the hand-over the new sponsor is asked."""
    administrators(both, BOB)
    guests(both, "lifetime: 365d")
    both.sign_in(both.visitor(CLEO))
    active(both, sponsor=CLEO.email)
    active(both, BO, sponsor=CLEO.email)
    assert both.broker.guests.directory.page(GuestFilter(without_sponsor=True), limit=10) == ()
    both.broker.guests.lifecycle.block(ACTOR, CLEO.email, reason="left")
    keep_house(both)
    listed = both.broker.guests.directory.page(GuestFilter(without_sponsor=True), limit=10)
    assert [one.email for one in listed] == [ADA.email, BO.email]
    assert both.broker.guests.directory.report().without_sponsor == 2
    both.broker.guests.sponsors.hand_over(ACTOR, BO.email, ALICE)
    keep_house(both, 351)
    found = {one[0]: one[2] for one in mails(both)}
    assert set(found) == {ADA.email, BO.email, ALICE, BOB}
    assert CLEO.email in found[BOB]  # why an administrator is asked
    assert both.broker.guests.sponsors.hand_over_all(ACTOR, CLEO.email, ALICE, reason="left") == 1
    assert both.broker.guests.sponsors.hand_over_all(ACTOR, CLEO.email, ALICE) == 0
    assert both.broker.guests.directory.page(GuestFilter(without_sponsor=True), limit=10) == ()


def test_a_sponsor_who_comes_back(world: World) -> None:
    """Blocked by mistake: the guests have their sponsor again."""
    world.sign_in(world.visitor(CLEO))
    active(world, sponsor=CLEO.email)
    world.broker.guests.lifecycle.block(ACTOR, CLEO.email)
    keep_house(world)
    assert guest(world).orphaned_at == world.clock()
    world.broker.guests.lifecycle.unblock(ACTOR, CLEO.email)
    keep_house(world)
    assert guest(world).orphaned_at is None


def test_who_is_no_member_any_more(world: World) -> None:
    """The staff's domain changed: whoever is not inside it answers for nobody."""
    active(world, sponsor=ALICE)
    keep_house(world)
    assert guest(world).orphaned_at is None
    text = (world.home / "config" / "partners" / "staff.yaml").read_text("utf-8")
    world.write("partners/staff.yaml", text.replace("[contoso.example]", "[contoso.test]"))
    keep_house(world)
    assert guest(world).orphaned_at == world.clock()


def test_without_a_sponsor_where_one_is_required(both: World) -> None:
    """`guests.sponsor_required`: 30 days to find somebody, the guest is told, then access ends."""
    guests(both, "sponsor_required: true")
    active(both, sponsor=None)
    active(both, BO)
    assert keep_house(both, 15) == {}
    assert keep_house(both, 1) == {"due": 1, "warned": 1}
    assert keep_house(both, 11) == {"due": 1, "warned": 1}
    assert keep_house(both, 3) == {"due": 1, "expired": 1}
    assert (guest(both).state, guest(both, BO.email).state) == (GuestState.EXPIRED, GuestState.ACTIVE)
    assert {one[0] for one in mails(both)} == {ADA.email}


def test_inactive_guests(both: World) -> None:
    """Reported after 90 days; ended only where `guests.inactive` says so, and not for whoever signs in after the mail."""
    active(both)
    active(both, BO)
    both.clock.advance(91 * DAY)
    assert both.broker.guests.directory.report().inactive == 2
    assert keep_house(both) == {}
    guests(both, "inactive: 100d")
    assert keep_house(both) == {"due": 2, "warned": 2}
    [first, second] = mails(both)
    assert "sign in before that day" in first[2]
    assert second[0] == BO.email
    both.sign_in(both.visitor(BO))
    assert keep_house(both, 10) == {"due": 2, "expired": 1}  # the other one is put off
    assert (guest(both).state, guest(both, BO.email).state) == (GuestState.EXPIRED, GuestState.ACTIVE)
    assert both.broker.guests.lifecycle.renew(ACTOR, ADA.email, forever=True).state is GuestState.ACTIVE
    assert keep_house(both) == {}
    assert guest(both).state is GuestState.ACTIVE  # restored, it does not end the same minute for want of a visit


def test_killed_anywhere(both: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """HT-17: a run that dies while it tells somebody has told nobody; the next one tells everybody once."""
    guests(both, "lifetime: 60d")
    active(both)
    active(both, BO)
    both.clock.advance(46 * DAY)
    honest, calls = Ends._ending, []

    def dies(self: Ends, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError
        return honest(self, *arguments)

    monkeypatch.setattr(Ends, "_ending", dies)
    both.broker.operations.housekeeping.run()
    both.broker.operations.housekeeping.run()
    assert sorted(one[0] for one in mails(both)) == [ADA.email, ALICE, ALICE, BO.email]
    with both.broker.core.db.read() as tx:
        assert len(tx.execute(select(audit.c.id).where(audit.c.name == "guest.warned")).all()) == 2


def test_two_processes_at_once(both: World) -> None:
    """Two runs at the same moment warn and end each guest once."""
    guests(both, "lifetime: 60d")
    for number in range(6):
        both.invite(f"guest{number}@fabrikam.example", sponsor=ALICE)
    with both.broker.core.db.write() as tx:
        began = both.clock()
        values = {"state": "active", "redeemed_at": began, "last_sign_in": began, "expires_at": began + 60 * DAY}
        tx.execute(update(people).values(**values, due_at=began + 46 * DAY))
    both.clock.advance(46 * DAY)
    nodes = [build(both.home, environ={"SECRET": SECRET}, clock=both.clock) for _ in range(2)]
    for days in (0, 14):
        both.clock.advance(days * DAY)
        threads = [threading.Thread(target=node.operations.housekeeping.run) for node in nodes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for node in nodes:
        node.close()
    with both.broker.core.db.read() as tx:
        names = tx.execute(select(audit.c.name).where(audit.c.name.in_(("guest.warned", "guest.expired")))).scalars().all()
        sent = tx.execute(select(outbox.c.kind)).scalars().all()
    assert sorted(names) == ["guest.expired"] * 6 + ["guest.warned"] * 6
    assert sorted(sent) == ["ending"] * 6 + ["renewal"] * 6


def test_changed_meanwhile(both: World) -> None:
    """Whoever was renewed between the look and the act is left alone."""
    guests(both, "lifetime: 60d")
    seen = active(both)
    both.broker.guests.lifecycle.renew(ACTOR, ADA.email, until=both.clock() + 90 * DAY)
    with both.broker.core.db.write() as tx:
        assert not guest_schedule.change_if_same(tx, seen, {"notices": 1})
        assert guest_schedule.change_if_same(tx, guest(both), {"notices": 1})
