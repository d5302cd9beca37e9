"""Notices of events that wait: each is sent by one node, and the notices of one person to one listener in their order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, or_, select, update

from broker.domain.ids import new_id
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import event_deliveries

_C = event_deliveries.c
_ADD = insert(event_deliveries)
_DUE = select(_C.id).where(_C.next_try_at <= bindparam("now")).limit(1)
_LAST = select(_C.position).where(_C.position > 0).order_by(_C.position.desc()).limit(1)  # for SQLite's planner a search


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A notice for one listener. event_id: of the audit's row. content: what the listener reads later."""

    listener: str
    event_id: str
    kind: str
    person_id: str
    content: str


@dataclass(frozen=True, slots=True)
class LeasedDelivery:
    """A notice that this holder alone may send now."""

    id: str
    listener: str
    event_id: str
    kind: str
    person_id: str
    content: str
    created_at: int
    tries: int


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """Notices of one listener. waiting_since: of the oldest that waits. problem: of the newest that was tried without success."""

    waiting: int
    waiting_since: int | None
    delivered: int
    given_up: int
    problem: str


def add(tx: Connection, wanted: Sequence[NewDelivery], now: int) -> None:
    """Queue notices behind all others, in this order. The caller holds the lock of the audit's anchor, so positions are unique."""
    if not wanted:
        return
    last = tx.execute(_LAST).scalar() or 0
    rows = [
        {
            "id": new_id(),
            "listener": one.listener,
            "event_id": one.event_id,
            "kind": one.kind,
            "person_id": one.person_id,
            "position": last + number,
            "content": one.content,
            "created_at": now,
            "next_try_at": now,
        }
        for number, one in enumerate(wanted, 1)
    ]
    tx.execute(_ADD, rows)


def is_due(tx: Connection, now: int) -> bool:
    """Whether a notice waits whose time has come, leased or not."""
    return tx.execute(_DUE, {"now": now}).first() is not None


def waits_for(tx: Connection, listener: str, person_id: str) -> bool:
    """Whether a notice of this person waits for this listener."""
    which = (_C.listener == listener, _C.person_id == person_id, _C.next_try_at.is_not(None))
    return tx.execute(select(_C.id).where(*which).limit(1)).first() is not None


def drop_of_others(tx: Connection, listeners: Collection[str]) -> int:
    """Forget waiting notices of listeners that are gone; how many."""
    return tx.execute(delete(event_deliveries).where(_C.next_try_at >= 0, _C.listener.not_in(list(listeners)))).rowcount


def lease(tx: Connection, *, holder: str, now: int, until: int, limit: int) -> list[LeasedDelivery]:
    """Take notices that are due and in nobody's hands, by one conditional UPDATE (HT-3).

    Of one person and listener only the earliest that waits is free: a later one follows when that is delivered or given up.
    """
    earlier = event_deliveries.alias("earlier")
    held_up = select(earlier.c.id).where(
        earlier.c.listener == _C.listener,
        earlier.c.person_id == _C.person_id,
        earlier.c.position < _C.position,
        earlier.c.next_try_at.is_not(None),
    )
    free = (_C.next_try_at <= now) & or_(_C.leased_until.is_(None), _C.leased_until <= now)
    chosen = select(_C.id).where(free, ~held_up.exists()).order_by(_C.next_try_at).limit(limit)
    if tx.dialect.name == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)
    statement = update(event_deliveries).where(_C.id.in_(chosen), free).values(holder=holder, leased_until=until)
    columns = (_C.id, _C.listener, _C.event_id, _C.kind, _C.person_id, _C.content, _C.created_at, _C.tries, _C.position)
    rows = sorted(tx.execute(statement.returning(*columns)).all(), key=lambda row: row.position)
    return [LeasedDelivery(*row[:-1]) for row in rows]


def sent(tx: Connection, delivery_id: str, holder: str, now: int) -> bool:
    """The listener accepted it. False if another node holds it by now."""
    return _finish(tx, delivery_id, holder, sent_at=now, next_try_at=None, problem=None, content="")


def given_up(tx: Connection, delivery_id: str, holder: str, now: int, problem: str) -> bool:
    """It was tried for long enough, or the listener wants no more."""
    return _finish(tx, delivery_id, holder, failed_at=now, next_try_at=None, problem=problem, content="")


def later(tx: Connection, delivery: LeasedDelivery, holder: str, next_try_at: int, problem: str) -> bool:
    """The listener did not accept it now. Later notices of the same person wait as long: they are not due before it."""
    if not _finish(tx, delivery.id, holder, next_try_at=next_try_at, problem=problem):
        return False
    same = (_C.listener == delivery.listener, _C.person_id == delivery.person_id)
    tx.execute(update(event_deliveries).where(*same, _C.next_try_at < next_try_at).values(next_try_at=next_try_at))
    return True


def postpone(tx: Connection, listener: str, now: int, next_try_at: int) -> int:
    """A listener that does not answer is not called again for a while: its notices that are due wait; how many."""
    due = (_C.next_try_at <= now, _C.listener == listener, or_(_C.leased_until.is_(None), _C.leased_until <= now))
    return tx.execute(update(event_deliveries).where(*due).values(next_try_at=next_try_at)).rowcount


def let_go(tx: Connection, ids: Sequence[str], holder: str) -> None:
    """Give back notices that were taken and not tried."""
    which = (_C.id.in_(list(ids)), _C.holder == holder)
    tx.execute(update(event_deliveries).where(*which).values(holder=None, leased_until=None))


def _finish(tx: Connection, delivery_id: str, holder: str, **values: Any) -> bool:
    statement = update(event_deliveries).where(_C.id == delivery_id, _C.holder == holder, _C.next_try_at.is_not(None))
    return tx.execute(statement.values(tries=_C.tries + 1, holder=None, leased_until=None, **values)).rowcount == 1


def counts(tx: Connection, listener: str, since: int) -> DeliveryCounts:
    """How the notices of a listener that were made since a time went."""
    waits = _C.next_try_at.is_not(None)
    where = (_C.listener == listener, _C.created_at >= since)
    row = tx.execute(
        select(
            func.count(case((waits, 1))),
            func.min(case((waits, _C.created_at))),
            func.count(_C.sent_at),
            func.count(_C.failed_at),
        ).where(*where)
    ).one()
    newest = select(_C.problem).where(*where, _C.problem.is_not(None)).order_by(_C.created_at.desc()).limit(1)
    problem = tx.execute(newest).scalar()
    return DeliveryCounts(waiting=row[0], waiting_since=row[1], delivered=row[2], given_up=row[3], problem=problem or "")


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget notices that were delivered, or given up, and were made before a time."""
    return delete_some(tx, event_deliveries, (_C.created_at < before) & _C.next_try_at.is_(None), _C.created_at, limit)
