"""Reviews, and what a review finds: assignments and memberships of guests, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, tuple_, update

from broker.domain.guest import PersonKind
from broker.domain.review import Asked, Review, ReviewState
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import assignments, grants, group_assignments, group_members, groups, people, review_items, reviews

_C = reviews.c
_PLAIN = ("id", "application", "cursor", "created_at", "created_by", "due_at", "by_rule", "reminded_at", "closed_at")


@dataclass(frozen=True, slots=True)
class FoundAccess:
    """One access of a guest: what a row of a review is made of. source_id: of the assignment, or of the group."""

    source_id: str
    person_id: str
    sponsor: str | None
    application: str
    role: str
    since: int
    last_used: int | None


def _review(row: Row[Any]) -> Review:
    m = row._mapping
    return Review(**{name: m[name] for name in _PLAIN}, asks=Asked(m["asks"]), state=ReviewState(m["state"]))


def add(tx: Connection, review: Review) -> None:
    """Insert a review."""
    row = {name: getattr(review, name) for name in _PLAIN} | {"asks": review.asks.value, "state": review.state.value}
    tx.execute(insert(reviews).values(**row))


def by_id(tx: Connection, review_id: str) -> Review | None:
    """The review with this id."""
    row = tx.execute(select(reviews).where(_C.id == review_id)).first()
    return _review(row) if row else None


def hold(tx: Connection, review_id: str) -> Review | None:
    """The review, locked for the caller that continues it, until the transaction ends. None while another node does."""
    row = tx.execute(select(reviews).where(_C.id == review_id).with_for_update(skip_locked=True)).first()
    return _review(row) if row else None


def change(tx: Connection, review_id: str, **values: Any) -> None:
    """Set columns of a review."""
    tx.execute(update(reviews).where(_C.id == review_id).values(**values))


def page(tx: Connection, *, before: tuple[int, str] | None = None, limit: int) -> list[Review]:
    """Reviews, the newest first, behind the (created_at, id) `before`."""
    statement = select(reviews).order_by(_C.created_at.desc(), _C.id.desc()).limit(limit)
    return [_review(row) for row in tx.execute(statement if before is None else statement.where(_behind(before)))]


def page_of(
    tx: Connection, *, applications: frozenset[str], reviewer: str, before: tuple[int, str] | None = None, limit: int
) -> list[Review]:
    """The same, of one person: reviews of these applications, and those that ask this reviewer."""
    c = review_items.c
    asked = exists().where(c.review_id == _C.id, c.reviewer == reviewer)
    theirs = exists().where(c.review_id == _C.id, c.application.in_(sorted(applications)))
    statement = select(reviews).where(or_(_C.application.in_(sorted(applications)), asked, theirs))
    if before is not None:
        statement = statement.where(_behind(before))
    return [_review(row) for row in tx.execute(statement.order_by(_C.created_at.desc(), _C.id.desc()).limit(limit))]


def _behind(before: tuple[int, str]) -> ColumnElement[bool]:
    return or_(_C.created_at < before[0], and_(_C.created_at == before[0], _C.id < before[1]))


def unfinished(tx: Connection, now: int, limit: int) -> list[str]:
    """Reviews on which housekeeping has something to do: rows to collect, e-mails to send, or a due date that has passed."""
    running = _C.state == ReviewState.RUNNING.value
    waits = or_(_C.state == ReviewState.COLLECTING.value, and_(running, or_(_C.cursor != "", _C.due_at <= now)))
    return list(tx.execute(select(_C.id).where(_C.state != ReviewState.CLOSED.value, waits).limit(limit)).scalars())


def running(tx: Connection) -> list[str]:
    """The reviews that run now: their ids."""
    return list(tx.execute(select(_C.id).where(_C.state == ReviewState.RUNNING.value)).scalars())


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete rows of reviews that were created before a time, then the reviews without rows; the number of deleted rows."""
    old = select(_C.id).where(_C.created_at < before, _C.state == ReviewState.CLOSED.value).order_by(_C.created_at).limit(100)
    ids = list(tx.execute(old).scalars())
    if not ids:
        return 0
    gone = delete_some(tx, review_items, review_items.c.review_id.in_(ids), review_items.c.id, limit)
    if gone < limit:
        gone += delete_some(tx, reviews, _C.id.in_(ids), _C.created_at, limit)
    return gone


# --- what a review finds ----------------------------------------------------------------------------------------------


def assigned(tx: Connection, application: str, now: int, *, after: str, limit: int) -> list[FoundAccess]:
    """Assignments of guests that hold now, or will, in the order of their ids. application: "" for all."""
    a, used = assignments.c, _last_used(assignments.c.person_id, assignments.c.application)
    statement = (
        select(a.id, a.person_id, people.c.sponsor, a.application, a.role, a.starts_at, used)
        .join(people, people.c.id == a.person_id)
        .where(a.id > after, or_(a.ends_at.is_(None), a.ends_at > now), people.c.kind == PersonKind.GUEST.value)
        .order_by(a.id)
        .limit(limit)
    )
    rows = tx.execute(statement.where(a.application == application) if application else statement)
    return [FoundAccess(*row) for row in rows]


def memberships(tx: Connection, application: str, now: int, *, after: tuple[str, str], limit: int) -> list[FoundAccess]:
    """Guests in groups that are kept by hand and give access now, or will, by (group, person). application: "" for all."""
    m = group_members.c
    used = _last_used(m.person_id, application) if application else people.c.last_sign_in
    rooms = select(groups.c.id).where(groups.c.id >= after[0], groups.c.rule.is_(None), _opens(application, now))
    found: list[FoundAccess] = []
    for group_id in tx.execute(rooms.order_by(groups.c.id)).scalars().all():
        behind = after[1] if group_id == after[0] else ""
        statement = (
            select(m.group_id, m.person_id, people.c.sponsor, m.since, used)
            .join(people, people.c.id == m.person_id)
            .where(m.group_id == group_id, m.person_id > behind, people.c.kind == PersonKind.GUEST.value)
            .order_by(m.person_id)
            .limit(limit - len(found))
        )
        found += [FoundAccess(row[0], row[1], row[2], application, "", row[3], row[4]) for row in tx.execute(statement)]
        if len(found) >= limit:
            break
    return found


def by_rule(tx: Connection, application: str, now: int) -> int:
    """How many memberships give access by a group's rule: no reviewer can end them, the next sign-in would give them again."""
    ruled = select(groups.c.id).where(groups.c.rule.is_not(None), _opens(application, now))
    counted = select(func.count()).select_from(group_members).where(group_members.c.group_id.in_(ruled))
    return int(tx.execute(counted).scalar_one())


def _opens(application: str, now: int) -> ColumnElement[bool]:
    """That a group has an assignment now or later. application: "" for any."""
    given = group_assignments.c
    conditions = [given.group_id == groups.c.id, or_(given.ends_at.is_(None), given.ends_at > now)]
    return exists().where(*conditions, *([given.application == application] if application else []))


def _last_used(person: Any, application: Any) -> ColumnElement[int | None]:
    """The person's last sign-in at an application, by an index."""
    statement = select(func.max(grants.c.created_at)).where(grants.c.person_id == person, grants.c.client_id == application)
    return statement.correlate(assignments, group_members).scalar_subquery()


# --- what a review ends -----------------------------------------------------------------------------------------------


def living(tx: Connection, assignment_ids: list[str], members: list[tuple[str, str]], now: int) -> dict[tuple[str, str], int]:
    """(source_id, person_id) of what still gives access -> since when. members: (group, person)."""
    a, m = assignments.c, group_members.c
    found: dict[tuple[str, str], int] = {}
    if assignment_ids:
        holds = or_(a.ends_at.is_(None), a.ends_at > now)
        rows = tx.execute(select(a.id, a.person_id, a.starts_at).where(a.id.in_(assignment_ids), holds))
        found |= {(row[0], row[1]): int(row[2]) for row in rows}
    if members:
        rows = tx.execute(select(m.group_id, m.person_id, m.since).where(tuple_(m.group_id, m.person_id).in_(members)))
        found |= {(row[0], row[1]): int(row[2]) for row in rows}
    return found


def end_assignment(tx: Connection, assignment_id: str, before: int) -> bool:
    """Delete an assignment that was given before a time; False if it is gone, or was given again since."""
    a = assignments.c
    return tx.execute(delete(assignments).where(a.id == assignment_id, a.starts_at <= before)).rowcount == 1


def end_membership(tx: Connection, group_id: str, person_id: str, before: int) -> bool:
    """The same for a membership of a group."""
    m = group_members.c
    here = (m.group_id == group_id, m.person_id == person_id, m.since <= before)
    return tx.execute(delete(group_members).where(*here)).rowcount == 1
