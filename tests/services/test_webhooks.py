"""Notices of guest events to webhooks: signed, in the order of each guest, retried with an end (HT-21, EV-01 to EV-05)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from broker.domain.audit import Event
from broker.domain.errors import NotFound
from broker.mail.port import MailRefused
from broker.services.events import deliveries as rules
from broker.services.events.signature import signature
from broker.services.events.webhooks import GIVE_UP
from broker.services.history.audit import record
from broker.storage.tables import audit, event_deliveries
from tests.connectors.provider import Request
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World
from tests.race import race
from tests.services.hearing import EVERY, Receiver, body_of, hearing, look, receiver
from tests.services.test_outbox import Post, node


@pytest.fixture
def crm() -> Iterator[Receiver]:
    """A receiver."""
    with receiver() as found:
        yield found


def rows(world: World) -> list[dict[str, object]]:
    """Every notice, in its order."""
    with world.broker.core.db.read() as tx:
        return [dict(row) for row in tx.execute(select(event_deliveries).order_by(event_deliveries.c.position)).mappings()]


def test_the_signature_of_the_specification() -> None:
    """EV-02: the published vector of Standard Webhooks."""
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_life_of_a_guest(world: World, crm: Receiver) -> None:
    """EV-01: each act is one notice, in the order of the acts; ids, kinds and times, no address and no name."""
    hearing(world, crm.url)
    made = world.invite(mail=True, name="Ada")
    guest = world.person(ADA.email).id
    world.broker.messages.outbox.deliver()
    world.redeem(world.visitor(ADA), made)
    life = world.broker.guests.lifecycle
    life.block(ACTOR, ADA.email)
    assert world.arrive(world.visitor(ADA)).location is None
    life.unblock(ACTOR, ADA.email)
    life.expire(ACTOR, ADA.email)
    life.delete(ACTOR, ADA.email)
    while look(world):
        pass
    assert crm.types == [
        "guest.invited",
        "guest.invitation_delivered",
        "guest.redeemed",
        "guest.blocked",
        "guest.sign_in_refused",
        "guest.expired",
        "guest.deleted",
    ]
    assert all(body_of(one)["data"]["guest"] == guest for one in crm.heard)
    assert not any(word in one.body.lower() for one in crm.heard for word in (b"@", b"ada", b"fabrik"))
    assert crm.of("guest.invited")["data"]["application"] == "payroll"
    assert crm.of("guest.sign_in_refused")["data"] | {"reference": ""} == {
        "guest": guest, "actor": {"kind": "person", "id": guest}, "application": "payroll", "reason": "guest_blocked", "reference": "",
    }  # fmt: skip
    ids = {one.headers["webhook-id"] for one in crm.heard}
    with world.broker.core.db.read() as tx:
        assert ids <= set(tx.scalars(select(audit.c.id)))
        assert not tx.execute(select(audit.c.id).where(audit.c.event_position.is_not(None))).all()
    assert {row["content"] for row in rows(world)} == {""}
    assert world.broker.history.audit_chain.chain() > 0
    assert world.broker.history.audit_chain.verify().problem is None


def test_closed_by_default(world: World) -> None:
    """EV-01: without a webhook nothing is stored, and the queue is emptied."""
    world.invite()
    assert look(world) == 0
    assert rows(world) == []
    with world.broker.core.db.read() as tx:
        assert not tx.execute(select(audit.c.id).where(audit.c.event_position.is_not(None))).all()


def test_a_bounced_invitation(world: World, crm: Receiver) -> None:
    """The mail server refused the e-mail to the guest; the copy to somebody else is not counted."""
    hearing(world, crm.url, "guest.invitation_bounced", "guest.invitation_delivered")
    world.invite(mail=True, copy_to="bob@contoso.example")
    node(world, Post(fault=MailRefused("550 no such mailbox"))).look()
    assert look(world) == 1
    assert crm.types == ["guest.invitation_bounced"]


def test_members_and_strangers_are_no_guests(world: World, crm: Receiver) -> None:
    """EV-01: notices are about guests; a refused stranger, whom anybody can play, is none."""
    hearing(world, crm.url)
    cleo = world.visitor(CLEO)
    world.sign_in(cleo)
    world.broker.guests.lifecycle.block(ACTOR, CLEO.email)
    world.arrive(world.visitor(CLEO))
    world.arrive(world.visitor(BO))  # has no invitation
    look(world)
    assert crm.heard == []


def test_a_rolled_back_act_has_no_event(world: World, crm: Receiver) -> None:
    """EV-03: the event is a row of the act's transaction."""
    hearing(world, crm.url)

    class Broken(Exception):
        """The transaction fails after its work."""

    with pytest.raises(Broken), world.broker.core.db.write() as tx:
        record(tx, Event(name="guest.blocked", actor=ACTOR, subject="1"), world.clock())
        raise Broken
    assert look(world) == 0


def test_a_later_event_waits_for_the_earlier_one(world: World, crm: Receiver) -> None:
    """EV-04: of one guest in order, also over failures; another guest does not wait."""
    hearing(world, crm.url, "guest.invited", "guest.blocked")
    crm.refuse["guest.invited"] = 500
    world.redeem(world.visitor(ADA))
    world.broker.guests.lifecycle.block(ACTOR, ADA.email)
    assert look(world) == 0
    crm.refuse.clear()
    world.invite(BO.email)
    assert look(world) == 1
    assert crm.types == ["guest.invited", "guest.invited"]
    world.clock.advance(rules.PAUSES[0])
    while look(world):
        pass
    assert crm.types[2:] == ["guest.invited", "guest.blocked"]
    again = [one.headers["webhook-id"] for one in crm.heard]
    assert again[0] == again[2] != again[1]


def test_given_up_after_its_time(world: World, crm: Receiver) -> None:
    """EV-03: after three days the notice is given up, the audit says so, and the next event follows; 410 ends it at once."""
    hearing(world, crm.url, "guest.invited", "guest.blocked")
    crm.refuse["guest.invited"] = 503
    world.redeem(world.visitor(ADA))
    world.broker.guests.lifecycle.block(ACTOR, ADA.email)
    look(world)
    assert rows(world)[0]["problem"] == "it answered 503"
    world.clock.advance(GIVE_UP)
    look(world)
    assert rows(world)[0]["failed_at"] == world.clock()
    look(world)
    assert crm.types[-1] == "guest.blocked"
    with world.broker.core.db.read() as tx:
        found = tx.execute(select(audit).where(audit.c.name == "event.not_delivered")).one()
    assert (found.target, found.data["problem"]) == ("webhook:crm", "it answered 503")
    crm.refuse["guest.invited"] = 410
    world.invite(BO.email)
    look(world)
    assert [row["failed_at"] for row in rows(world)][-1] == world.clock()


def test_a_receiver_that_does_not_answer(world: World, crm: Receiver) -> None:
    """EV-05: no redirect is followed; one call in a round is enough to learn that nobody answers, and nothing is lost."""
    hearing(world, crm.url, "guest.invited")
    crm.status, crm.headers = 302, {"Location": crm.url}
    for number in range(5):
        world.invite(f"g{number}@fabrikam.example")
    assert look(world) == 0
    assert len(crm.heard) == 1
    assert look(world) == 0
    assert len(crm.heard) == 1
    crm.status, crm.headers = 204, {}
    world.clock.advance(rules.PAUSES[0])
    assert look(world) == 5


def test_a_silent_receiver_rests_while_events_come(world: World, crm: Receiver) -> None:
    """EV-05: a new event does not end the rest, which is at most 15 minutes; a test that is answered ends it."""
    hearing(world, crm.url, "guest.invited")
    crm.status, crm.headers = 302, {"Location": crm.url}
    for number, rest in enumerate((5, 60, 300, 900, 900)):
        world.invite(f"a{number}@fabrikam.example")
        look(world)
        assert len(crm.heard) == number + 1
        world.clock.advance(rest - 1)
        world.invite(f"b{number}@fabrikam.example")
        look(world)
        assert len(crm.heard) == number + 1
        world.clock.advance(1)
    world.invite("last@fabrikam.example")
    look(world)
    crm.status, crm.headers = 204, {}
    assert look(world) == 0
    assert world.broker.events.webhooks.test("crm") == ""
    world.invite("next@fabrikam.example")
    assert look(world) == 1
    world.clock.advance(900)
    assert look(world) == 11


def test_private_addresses_are_refused(world: World, crm: Receiver) -> None:
    """EV-05: a receiver at a private address that the network's list does not name is not called (HO-16)."""
    hearing(world, "https://10.0.0.1/events", "guest.invited")
    world.invite()
    assert look(world) == 0
    assert str(rows(world)[0]["problem"]).startswith("url_not_allowed: 10.0.0.1 is at an address that is not public")
    assert world.broker.events.webhooks.test("crm").startswith("url_not_allowed")
    with pytest.raises(AssertionError, match="is http \\(url_not_allowed\\)"):
        hearing(world, "http://10.0.0.1/events", "guest.invited")


def test_two_nodes_send_one_notice(world: World, crm: Receiver) -> None:
    """EV-03: twenty deliverers at once, and each event is fanned out and sent once, in order."""
    hearing(world, crm.url, "guest.blocked", "guest.invited")
    for who in (ADA, BO):
        world.invite(who.email)
        world.broker.guests.lifecycle.block(ACTOR, who.email)
    assert sum(race(lambda _number: look(world))) + look(world) + look(world) == 4
    assert len({one.headers["webhook-id"] for one in crm.heard}) == len(crm.heard) == 4
    for guest in {body_of(one)["data"]["guest"] for one in crm.heard}:
        assert of_guest(crm.heard, guest) == ["guest.invited", "guest.blocked"]


def of_guest(heard: list[Request], guest: str) -> list[str]:
    """The types of one guest's notices."""
    return [body_of(one)["type"] for one in heard if body_of(one)["data"]["guest"] == guest]


def test_replay_from_the_audit(world: World, crm: Receiver) -> None:
    """EV-03: the same ids and bodies again; only events since the time that the webhook wants."""
    world.invite()
    world.clock.advance(60)
    since = world.clock()
    world.broker.guests.lifecycle.block(ACTOR, ADA.email)
    look(world)
    hearing(world, crm.url, *EVERY)
    assert look(world) == 0  # nobody listened when they happened
    hooks = world.broker.events.webhooks
    assert hooks.replay("crm", since) == 1
    assert look(world) == 1
    assert hooks.replay("crm", 0) == 2
    while look(world):
        pass
    assert crm.types == ["guest.blocked", "guest.invited", "guest.blocked"]
    assert (crm.heard[0].headers["webhook-id"], crm.heard[0].body) == (crm.heard[2].headers["webhook-id"], crm.heard[2].body)
    with pytest.raises(NotFound):
        hooks.replay("other", 0)


def test_a_webhook_that_left_the_file(world: World, crm: Receiver) -> None:
    """Waiting notices of a webhook that is gone are dropped, not sent elsewhere."""
    hearing(world, crm.url, "guest.invited")
    world.invite()
    world.broker.events.deliveries.fan_out()
    hearing(world, crm.url, "guest.invited", name="erp")
    assert look(world) == 0
    assert (crm.heard, rows(world)) == ([], [])


def test_what_operators_see(world: World, crm: Receiver) -> None:
    """Figures, doctor's line, housekeeping."""
    hearing(world, crm.url, "guest.invited")
    crm.status = 500
    world.invite()
    look(world)
    figures = {reading.figure.name: reading.samples for reading in world.broker.operations.figures.readings()}
    assert figures["broker_event_deliveries_waiting"] == {(): (1.0,)}
    report = world.broker.doctor.examine_application("payroll", offline=True)
    (line,) = [one for one in report.findings if one.check == "webhooks"]
    assert line.seen == "webhook crm: 0 delivered, 1 wait, 0 given up in 7 days; it answered 500"
    (view,) = world.broker.events.webhooks.listed()
    assert (view.counts.waiting, view.counts.problem) == (1, "it answered 500")
    crm.status = 200
    assert world.broker.events.webhooks.test("crm") == ""
    assert crm.types[-1] == "webhook.test"
    world.clock.advance(GIVE_UP)
    assert look(world) == 1
    world.clock.advance(31 * 86_400)
    assert world.broker.operations.housekeeping.run()["event_deliveries"] == 1
