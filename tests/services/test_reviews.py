"""Reviews: rows are collected, members decide, and what nobody kept ends at the due date, once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from broker.app import Broker, build
from broker.demo.mailbox import read_mails
from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.errors import CommandError, Conflict, Forbidden, Invalid, NotFound
from broker.domain.guest import GuestState, PersonKind
from broker.domain.review import Asked, ReviewState, Verdict
from broker.keyring.root import create_root
from broker.services.reviews.upkeep import ReviewUpkeep
from broker.services.reviews.views import ReviewItemView, ReviewRow
from broker.storage.directory import assignments, groups, people
from broker.storage.oauth import grants, tokens
from broker.storage.tables import assignments as assignments_table
from broker.storage.tables import audit, review_items
from broker.storage.tables import grants as grants_table
from broker.storage.tables import people as people_table
from tests import factories
from tests.clock import START, Clock
from tests.journeys.world import ACTOR, SECRET, write_files
from tests.race import race

DAY = 86_400
DUE = START + 7 * DAY
ISSUERS = {"fabrikam": "http://127.0.0.2:1", "northwind": "http://127.0.0.3:1", "staff": "http://127.0.0.4:1"}
KEEP, END = Verdict.KEEP, Verdict.END


def id_of(name: str) -> str:
    """The id of a person of this company."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def opened(tmp_path: Path, database_url: str, clock: Clock) -> Broker:
    """Alice administers, Bob owns Payroll, Zoe sponsors Ada and Bo, nobody sponsors Cy; Ada and Bo have Payroll, Cy by a group."""
    home = tmp_path / "home"
    write_files(home, "http://localhost:1", database_url, "http://127.0.0.5:1", ISSUERS)
    create_root(home / "keys")
    with (home / "config" / "applications" / "payroll.yaml").open("a") as stream:
        stream.write("assignment_required: true\nroles: [viewer]\nowners: [bob@contoso.example]\n")
    with (home / "config" / "broker.yaml").open("a") as stream:
        stream.write("administrators: [alice@contoso.example]\n")
    built = build(home, environ={"SECRET": SECRET}, clock=clock)
    with built.core.db.write() as tx:
        for name in ("alice", "bob", "zoe", "yves"):
            factories.saved_person(tx, id=id_of(name), kind=PersonKind.MEMBER, email=mail_of(name), partner="staff", sponsor=None)
        for name, sponsor in (("ada", mail_of("zoe")), ("bo", mail_of("zoe")), ("cy", None)):
            factories.saved_person(tx, id=id_of(name), email=f"{name}@fabrikam.example", sponsor=sponsor)
        grant = factories.grant(id_of("ada"), created_at=START - 5)
        grants.add(tx, grant)
        tokens.add_access(tx, "token", grant.id, ["openid"], now=START, expires_at=DUE + DAY)
    for name in ("ada", "bo"):
        built.access.assignments.assign(ACTOR, "payroll", f"{name}@fabrikam.example", role="viewer")
    built.access.groups.create(ACTOR, "Auditors", owners=[mail_of("yves")])
    built.access.groups.create(ACTOR, "All of Fabrikam", partner="fabrikam")
    built.access.assignments.assign(ACTOR, "payroll", "Auditors")
    built.access.assignments.assign(ACTOR, "payroll", "All of Fabrikam")
    built.access.groups.add_members(ACTOR, "Auditors", ["cy@fabrikam.example"])
    with built.core.db.write() as tx:
        ruled = groups.by_name(tx, "All of Fabrikam")
        assert ruled is not None
        groups.add_member(tx, ruled.id, id_of("bo"), START)
    return built


def mail_of(name: str) -> str:
    """The address of a member."""
    return f"{name}@contoso.example"


def who(name: str) -> Actor:
    """A person at a browser."""
    return Actor.person(id_of(name))


@pytest.fixture
def broker(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Broker]:
    """The company on both databases."""
    built = opened(tmp_path, database_url, clock)
    yield built
    built.close()


@pytest.fixture
def crowded(tmp_path: Path, postgresql_url: str, clock: Clock) -> Iterator[Broker]:
    """The company on PostgreSQL, where two transactions meet."""
    built = opened(tmp_path, postgresql_url, clock)
    yield built
    built.close()


def started(broker: Broker, asks: Asked = Asked.SPONSORS) -> ReviewRow:
    """A review of Payroll."""
    return broker.reviews.campaigns.start(ACTOR, "payroll", due_at=DUE, asks=asks)


def rows(broker: Broker, review: ReviewRow, actor: Actor = ACTOR) -> dict[str, ReviewItemView]:
    """The rows that somebody sees, by the guest's name."""
    return {one.email.partition("@")[0]: one for one in broker.reviews.campaigns.show(actor, review.id).items}


def over(broker: Broker, clock: Clock) -> int:
    """The due date comes."""
    clock.now = DUE
    return broker.operations.housekeeping.run()["reviews_settled"]


def held(broker: Broker) -> set[str]:
    """Who has Payroll by an own assignment or by the group that is kept by hand."""
    with broker.core.db.read() as tx:
        own = {one for one in ("ada", "bo", "cy") if assignments.of(tx, Principal.PERSON, id_of(one), "payroll")}
        group = groups.by_name(tx, "Auditors")
        assert group is not None
        inside = {row[0] for row in groups.members(tx, group.id, after="", limit=10)}
        return own | {one for one in ("ada", "bo", "cy") if id_of(one) in inside}


def asked(broker: Broker, tmp_path: Path) -> list[str]:
    """Who got an e-mail about a review."""
    broker.messages.outbox.deliver()
    return sorted(mail.to for mail in read_mails(tmp_path / "home" / "var" / "mail") if "who still needs" in mail.subject)


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
