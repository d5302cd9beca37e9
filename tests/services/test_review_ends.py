"""Reviews of access: what ends at the due date, once, on several nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from broker.app import Broker
from broker.domain.errors import CommandError, Conflict
from broker.domain.review import ReviewState
from broker.services.reviews.upkeep import ReviewUpkeep
from broker.storage.tables import assignments as assignments_table
from broker.storage.tables import audit, review_items
from broker.storage.tables import grants as grants_table
from broker.storage.tables import people as people_table
from tests.clock import START, Clock
from tests.journeys.world import ACTOR
from tests.race import race
from tests.services.review_scene import (
    DAY,
    DUE,
    END,
    KEEP,
    asked,
    broker,
    crowded,
    held,
    id_of,
    mail_of,
    over,
    rows,
    started,
    who,
)

__all__ = ["broker", "crowded"]  # the fixtures


def test_what_nobody_keeps_ends(broker: Broker, clock: Clock) -> None:
    """Kept stays; ended and undecided go at the due date and not before, with an audit event each; a second run does nothing."""
    review = started(broker)
    found = rows(broker, review)
    assert broker.reviews.campaigns.decide(who("zoe"), review.id, {found["ada"].id: KEEP, found["bo"].id: END}) == 2
    clock.now = DUE - 1
    broker.operations.housekeeping.run()
    assert held(broker) == {"ada", "bo", "cy"}
    assert over(broker, clock) == 3
    assert held(broker) == {"ada"}
    assert over(broker, clock) == 0
    found = rows(broker, review)
    assert {name: one.outcome for name, one in found.items()} == {"ada": "kept", "bo": "ended", "cy": "ended"}
    assert broker.reviews.campaigns.show(ACTOR, review.id).review.state is ReviewState.CLOSED
    with broker.core.db.read() as tx:
        said = tx.execute(select(audit.c.name, audit.c.subject, audit.c.reason).where(audit.c.reason == "review")).all()
        [closed] = tx.execute(select(audit.c.data).where(audit.c.name == "review.closed")).scalars()
    assert {tuple(one) for one in said} == {
        ("assignment.taken_back", id_of("bo"), "review"),
        ("group.member_removed", id_of("cy"), "review"),
    }
    assert {name: closed[name] for name in ("kept", "ended", "gone", "renewed")} == {
        "kept": 1,
        "ended": 2,
        "gone": 0,
        "renewed": 0,
    }


def test_the_sign_ins_end_too(broker: Broker, clock: Clock) -> None:
    """SC-06: a running sign-in of somebody whose access a review ended is over with it."""
    review = started(broker)
    broker.reviews.campaigns.decide_all(ACTOR, review.id, END)
    over(broker, clock)
    with broker.core.db.read() as tx:
        assert tx.execute(select(grants_table.c.ended_at)).scalars().all() == [DUE]


def test_a_decision_can_change_until_the_due_date(broker: Broker, clock: Clock) -> None:
    """The last one counts; from the due date on there is none."""
    review = started(broker)
    ada = rows(broker, review)["ada"].id
    for verdict in (END, KEEP):
        assert broker.reviews.campaigns.decide(who("zoe"), review.id, {ada: verdict}) == 1
    clock.now = DUE
    for act in (
        lambda: broker.reviews.campaigns.decide(who("zoe"), review.id, {ada: END}),
        lambda: broker.reviews.campaigns.decide_all(who("zoe"), review.id, END),
        lambda: broker.reviews.campaigns.remind(ACTOR, review.id),
    ):
        with pytest.raises(Conflict, match="due date"):
            act()
    over(broker, clock)
    assert "ada" in held(broker)


def test_a_guest_who_lost_access_meanwhile(broker: Broker, clock: Clock) -> None:
    """What is gone is gone; what was given again after the review began stays; the rows of a deleted guest go with them."""
    review = started(broker)
    clock.advance(60)
    broker.access.assignments.unassign(ACTOR, "payroll", "ada@fabrikam.example")
    broker.access.assignments.assign(ACTOR, "payroll", "bo@fabrikam.example", role="viewer")
    broker.guests.lifecycle.delete(ACTOR, "cy@fabrikam.example")
    assert over(broker, clock) == 2
    assert {name: one.outcome for name, one in rows(broker, review).items()} == {"ada": "gone", "bo": "renewed"}
    assert held(broker) == {"bo"}


def crowd(broker: Broker, count: int) -> None:
    """Many guests of Zoe's with Payroll."""
    with broker.core.db.write() as tx:
        tx.execute(
            insert(people_table),
            [
                {
                    "id": id_of(f"p{n}"), "kind": "guest", "state": "active", "email": f"p{n}@fabrikam.example", "name": "", "language": "",
                    "profile": {}, "created_at": START, "sponsor": mail_of("zoe"),
                }
                for n in range(count)
            ],
        )  # fmt: skip
        tx.execute(
            insert(assignments_table),
            [
                {"id": id_of(f"a{n}"), "person_id": id_of(f"p{n}"), "application": "payroll", "role": "", "starts_at": START}
                for n in range(count)
            ],
        )


def test_batches(broker: Broker, clock: Clock, tmp_path: Path) -> None:
    """Thousands of rows: collected, decided in bulk and ended in transactions of some; an interrupted one continues."""
    crowd(broker, 2500)
    clock.advance(1)
    review = started(broker)
    assert review.undecided == 2503
    assert asked(broker, tmp_path).count(mail_of("zoe")) == 1
    assert broker.reviews.campaigns.decide_all(who("zoe"), review.id, END) == 2502
    assert broker.reviews.campaigns.decide_all(who("zoe"), review.id, KEEP) == 0
    clock.now = DUE
    settled = [broker.operations.housekeeping.run()["reviews_settled"] for _ in range(2)]
    assert settled == [2503, 0]
    assert held(broker) == set()


def test_two_nodes_end_the_same_review(crowded: Broker, clock: Clock) -> None:
    """Twenty runs at the same moment: each row has one outcome and one audit event, and no run meets a deadlock."""
    crowd(crowded, 300)
    clock.advance(1)
    review = started(crowded)
    clock.now = DUE

    def run(_number: int) -> int:
        return ReviewUpkeep(crowded.core, crowded.messages.outbox).look()

    assert sum(race(run, 6)) == 303
    with crowded.core.db.read() as tx:
        ended = tx.execute(select(func.count()).select_from(audit).where(audit.c.name == "assignment.taken_back")).scalar_one()
        closed = tx.execute(select(func.count()).select_from(audit).where(audit.c.name == "review.closed")).scalar_one()
        left = tx.execute(select(func.count()).select_from(review_items).where(review_items.c.outcome.is_(None))).scalar_one()
    assert (ended, closed, left) == (302, 1, 0)
    assert crowded.reviews.campaigns.show(ACTOR, review.id).review.state is ReviewState.CLOSED


def test_decided_while_it_ends(crowded: Broker, clock: Clock) -> None:
    """A decision and the end at the same moment: what was kept in time stays, and what came too late is refused."""
    review = started(crowded)
    ada = rows(crowded, review)["ada"].id
    clock.now = DUE

    def act(number: int) -> str:
        if number:
            return str(crowded.operations.housekeeping.run()["reviews_settled"])
        try:
            return str(crowded.reviews.campaigns.decide(who("zoe"), review.id, {ada: KEEP}))
        except CommandError as error:
            return error.reason

    assert race(act, 2)[0] == "review_closed"
    assert held(crowded) == set()


def test_old_reviews_are_deleted(broker: Broker, clock: Clock) -> None:
    """With their rows, after `retention.audit`; a running one stays."""
    started(broker)
    over(broker, clock)
    clock.now = START + 401 * DAY
    assert broker.operations.housekeeping.run()["reviews"] == 4
    assert broker.reviews.campaigns.listed(ACTOR) == []
