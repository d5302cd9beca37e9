"""What time does to guests: who is due, whose sponsor is gone. Every walk is bounded and along an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from broker.domain.guest import GuestState, Person
from broker.domain.question import QuestionKind
from broker.storage.batches import BATCH
from broker.storage.directory.people import person_of
from broker.storage.tables import people, questions

_C = people.c


def due(tx: Connection, now: int, after: tuple[int, str], limit: int) -> list[Person]:
    """The guests who are due now, in the order of (due_at, id) behind `after`."""
    later = (_C.due_at > after[0]) | ((_C.due_at == after[0]) & (_C.id > after[1]))
    statement = select(people).where(_C.due_at <= now, _C.due_at >= after[0], later).order_by(_C.due_at, _C.id).limit(limit)
    return [person_of(row) for row in tx.execute(statement)]


def change_if_same(tx: Connection, seen: Person, values: Mapping[str, Any]) -> bool:
    """Set columns of a person who still is as seen: False if another process or a person was faster (HT-3)."""
    same = [
        _C.state == seen.state.value,
        _C.notices == seen.notices,
        *(
            column.is_(None) if value is None else column == value
            for column, value in ((_C.due_at, seen.due_at), (_C.expires_at, seen.expires_at), (_C.sponsor, seen.sponsor))
        ),
    ]
    return tx.execute(update(people).where(_C.id == seen.id, *same).values(**values)).rowcount == 1


def wake_inactive(tx: Connection, seen_before: int, now: int, limit: int = BATCH) -> int:
    """Have those looked at now who were here last before a time and are not due anyway; the number of them."""
    idle = (_C.state == GuestState.ACTIVE.value, _C.last_sign_in < seen_before, (_C.due_at.is_(None)) | (_C.due_at > now))
    return _change(tx, idle, {"due_at": now}, first=_C.last_sign_in, limit=limit)


def wake_orphans(tx: Connection, since: int, now: int, limit: int = BATCH) -> int:
    """The same for those who lost their sponsor before a time."""
    alone = (_C.orphaned_at <= since, (_C.due_at.is_(None)) | (_C.due_at > now))
    waiting = _C.state.in_((GuestState.ACTIVE.value, GuestState.INVITED.value))
    return _change(tx, (*alone, waiting), {"due_at": now}, first=_C.orphaned_at, limit=limit)


def next_sponsor(tx: Connection, after: str) -> str | None:
    """The first sponsor's address behind `after`: one step in an index, however many guests a sponsor has."""
    found = tx.execute(select(func.min(_C.sponsor)).where(_C.sponsor > after)).scalar_one_or_none()
    return None if found is None else str(found)


def is_other(tx: Connection, sponsor: str, *, orphaned: bool) -> bool:
    """Whether any guest of this sponsor is noted otherwise."""
    wrong = _C.orphaned_at.is_(None) if orphaned else _C.orphaned_at > 0
    return tx.execute(select(_C.id).where(_C.sponsor == sponsor, wrong).limit(1)).first() is not None


def orphan(tx: Connection, sponsor: str, now: int, limit: int = BATCH) -> int:
    """This sponsor is gone: note since when the guests have nobody; the number of new ones."""
    return _change(tx, (_C.sponsor == sponsor, _C.orphaned_at.is_(None)), {"orphaned_at": now}, limit=limit)


def adopt(tx: Connection, sponsor: str, limit: int = BATCH) -> int:
    """This sponsor is back; the number of guests who have somebody again."""
    return _change(tx, (_C.sponsor == sponsor, _C.orphaned_at > 0), {"orphaned_at": None}, limit=limit)


def ask_others(tx: Connection, asked: str, now: int) -> int:
    """This address answers nothing any more: what it was asked is closed, and renewals are asked of somebody else; how many guests."""
    q = questions.c
    unanswered = (q.asked == asked, q.answered_at.is_(None))
    waiting = select(q.person_id).where(*unanswered, q.kind == QuestionKind.RENEW.value, q.expires_at > now)
    living = _C.state.in_((GuestState.ACTIVE.value, GuestState.INVITED.value))
    count = _change(tx, (_C.id.in_(waiting), living), {"notices": 0, "due_at": now})
    tx.execute(update(questions).where(*unanswered).values(answered_at=now))
    return count


def guests_of(tx: Connection, sponsor: str, limit: int) -> list[Person]:
    """Guests of a sponsor, locked until the transaction ends."""
    theirs = (_C.sponsor == sponsor, _C.email.is_not(None))
    chosen = select(_C.id).where(*theirs).order_by(_C.email).limit(limit)
    statement = select(people).where(*theirs, _C.id.in_(chosen)).order_by(_C.id)
    return [person_of(row) for row in tx.execute(statement.with_for_update())]


def release(tx: Connection, sponsor: str, now: int) -> int:
    """This sponsor's data leaves: the guests have nobody; the number of them."""
    return _change(tx, (_C.sponsor == sponsor,), {"sponsor": None, "orphaned_at": now})


def _change(
    tx: Connection,
    which: Sequence[ColumnElement[bool]],
    values: Mapping[str, Any],
    *,
    first: ColumnElement[Any] = _C.id,
    limit: int | None = None,
) -> int:
    """Set columns of those people who fit, who are locked before in the order of their ids; how many.

    Everything that locks more than one person does so in this order: of two that meet, one waits. first: of many, those with
    the smallest of this.
    """
    chosen = select(_C.id).where(*which).order_by(first).limit(limit)
    locked = select(_C.id).where(_C.id.in_(chosen), *which).order_by(_C.id).with_for_update(key_share=True)
    held = tx.execute(locked).scalars().all()
    for start in range(0, len(held), BATCH):
        tx.execute(update(people).where(_C.id.in_(held[start : start + BATCH])).values(**values))
    return len(held)
