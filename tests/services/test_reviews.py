"""Reviews of access: rows are collected, reviewers are asked, reminded and limited to what is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.app import Broker
from broker.domain.audit import Actor
from broker.domain.errors import Conflict, Forbidden, Invalid, NotFound
from broker.domain.guest import GuestState, PersonKind
from broker.domain.review import Asked, ReviewState
from broker.storage.directory import people
from tests import factories
from tests.clock import START, Clock
from tests.journeys.world import ACTOR
from tests.services.review_scene import DAY, DUE, END, KEEP, asked, broker, id_of, mail_of, rows, started, who

__all__ = ["broker"]  # the fixture


def test_who_has_access(broker: Broker, tmp_path: Path) -> None:
    """Own assignments and memberships kept by hand, with who is asked, since when and the last use; nothing is preselected."""
    review = started(broker)
    assert (review.state, review.undecided, review.kept, review.ended, review.by_rule) == (ReviewState.RUNNING, 3, 0, 0, 1)
    found = rows(broker, review)
    assert {name: (one.role, one.group, one.reviewer, one.since, one.last_used, one.verdict) for name, one in found.items()} == {
        "ada": ("viewer", "", mail_of("zoe"), START, START - 5, None),
        "bo": ("viewer", "", mail_of("zoe"), START, None, None),
        "cy": ("", "Auditors", mail_of("yves"), START, None, None),
    }
    assert asked(broker, tmp_path) == [mail_of("yves"), mail_of("zoe")]


def test_owners_are_asked(broker: Broker, tmp_path: Path) -> None:
    """`owners`: of the application, or of the group that gives the access."""
    review = started(broker, Asked.OWNERS)
    assert {name: one.reviewer for name, one in rows(broker, review).items()} == {
        "ada": mail_of("bob"),
        "bo": mail_of("bob"),
        "cy": mail_of("yves"),
    }
    assert asked(broker, tmp_path) == [mail_of("bob"), mail_of("yves")]


def test_only_what_is_theirs(broker: Broker) -> None:
    """AD-01, AD-02: a reviewer sees and decides their own rows, an owner the application's, nobody else finds the review."""
    review = started(broker)
    everything = rows(broker, review)
    assert set(rows(broker, review, who("zoe"))) == {"ada", "bo"}
    assert set(rows(broker, review, who("yves"))) == {"cy"}
    assert set(rows(broker, review, who("bob"))) == {"ada", "bo", "cy"}
    assert broker.reviews.campaigns.decide(who("zoe"), review.id, {everything["cy"].id: END}) == 0
    assert broker.reviews.campaigns.decide_all(who("yves"), review.id, KEEP) == 1
    assert broker.reviews.campaigns.decide(who("bob"), review.id, {one.id: END for one in everything.values()}) == 3
    assert [one.id for one in broker.reviews.campaigns.listed(who("zoe"))] == [review.id]
    with broker.core.db.write() as tx:
        factories.saved_person(tx, id=id_of("max"), kind=PersonKind.MEMBER, email=mail_of("max"), partner="staff")
    assert broker.reviews.campaigns.listed(who("max")) == []
    with pytest.raises(NotFound):
        broker.reviews.campaigns.show(who("max"), review.id)
    with pytest.raises(NotFound):
        list(broker.reviews.campaigns.export(who("max"), review.id))
    for nobody in (who("ada"), who("stranger"), Actor.application("payroll")):
        for act in (
            broker.reviews.campaigns.listed,
            lambda actor: broker.reviews.campaigns.show(actor, review.id),
            lambda actor: broker.reviews.campaigns.decide_all(actor, review.id, KEEP),
            lambda actor: broker.reviews.campaigns.start(actor, "payroll", due_at=DUE),
        ):
            with pytest.raises(Forbidden):
                act(nobody)
    with pytest.raises(Forbidden):
        broker.reviews.campaigns.remind(who("zoe"), review.id)
    with pytest.raises(Forbidden):
        broker.reviews.campaigns.start(who("zoe"), None, due_at=DUE)


def test_who_may_start(broker: Broker) -> None:
    """Administrators anything; an owner their own application, no other, and not all; within a year."""
    assert broker.reviews.campaigns.start(who("bob"), "payroll", due_at=DUE).application_name == "Payroll"
    assert broker.reviews.campaigns.start(who("alice"), None, due_at=DUE).application_name == ""
    with pytest.raises(NotFound):
        broker.reviews.campaigns.start(who("bob"), "travel", due_at=DUE)
    with pytest.raises(NotFound):
        broker.reviews.campaigns.start(ACTOR, "nothing", due_at=DUE)
    with pytest.raises(Forbidden):
        broker.reviews.campaigns.start(who("bob"), None, due_at=DUE)
    for due in (START, START + 366 * DAY):
        with pytest.raises(Invalid):
            broker.reviews.campaigns.start(ACTOR, None, due_at=due)


def test_a_reviewer_who_left(broker: Broker, tmp_path: Path, clock: Clock) -> None:
    """The next in line is asked by housekeeping: another sponsor, an owner, an administrator; decided rows stay decided."""
    review = started(broker)
    ada = rows(broker, review)["ada"].id
    broker.reviews.campaigns.decide(who("zoe"), review.id, {ada: KEEP})
    with broker.core.db.write() as tx:
        people.change(tx, id_of("zoe"), {"state": GuestState.BLOCKED.value})
    with pytest.raises(Forbidden):
        broker.reviews.campaigns.decide_all(who("zoe"), review.id, END)
    broker.operations.housekeeping.run()
    found = rows(broker, review)
    assert (found["ada"].reviewer, found["bo"].reviewer) == (mail_of("zoe"), mail_of("bob"))
    assert mail_of("bob") in asked(broker, tmp_path)
    broker.operations.housekeeping.run()
    assert asked(broker, tmp_path).count(mail_of("bob")) == 1
    broker.guests.lifecycle.delete(ACTOR, mail_of("zoe"))
    assert rows(broker, review)["ada"].reviewer == ""


def test_reminders(broker: Broker, tmp_path: Path, clock: Clock) -> None:
    """Only reviewers with open rows, at most once a day."""
    review = started(broker)
    broker.reviews.campaigns.decide_all(who("yves"), review.id, KEEP)
    with pytest.raises(Conflict, match="within the last day"):
        broker.reviews.campaigns.remind(ACTOR, review.id)
    clock.advance(DAY)
    broker.reviews.campaigns.remind(who("bob"), review.id)
    assert asked(broker, tmp_path) == [mail_of("yves"), mail_of("zoe"), mail_of("zoe")]
    with pytest.raises(Conflict, match="within the last day"):
        broker.reviews.campaigns.remind(ACTOR, review.id)


def test_pages_and_export(broker: Broker) -> None:
    """A page goes on behind a row; the export holds each row once."""
    review = started(broker)
    first = broker.reviews.campaigns.show(ACTOR, review.id, limit=2)
    second = broker.reviews.campaigns.show(ACTOR, review.id, limit=2, after=first.following)
    assert [len(first.items), len(second.items), second.following] == [2, 1, ""]
    assert [one.id for one in broker.reviews.campaigns.export(ACTOR, review.id)] == [
        one.id for one in (*first.items, *second.items)
    ]
    assert len(list(broker.reviews.campaigns.export(who("zoe"), review.id))) == 2
