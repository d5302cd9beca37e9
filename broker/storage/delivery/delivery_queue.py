"""Notices that wait for those who listen: each is sent by one node, and a listener that does not answer rests (HT-3, HP-56, EV-05).

A queue is a table with the columns of its notices and of their delivery; `logout_notices` and `event_deliveries` are the two.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Connection, Select, Table, case, delete, func, or_, select, update

from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import listener_rests

_R = listener_rests.c
_REST = for_both(
    listener_rests,
    lambda row: row.on_conflict_do_update(
        index_elements=["queue", "listener"], set_={"until": row.excluded.until, "silences": row.excluded.silences}
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedNotice:
    """A notice that this holder alone may send now. tries: before this one."""

    id: str
    listener: str
    created_at: int
    tries: int


N = TypeVar("N", bound=LeasedNotice)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQueue(Generic[N]):
    """One kind of notices.

    listener: the column with the listener's name. notice: what `lease` returns, a field a column. emptied: columns that hold
    nothing once the notice is delivered or given up. in_order: the notices of one person to one listener follow each other; the table then has
    the columns person_id and position.
    """

    name: str
    table: Table
    listener: Column[str]
    notice: type[N]
    emptied: tuple[str, ...]
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """Notices of one listener. waiting_since: of the oldest that waits. problem: of the newest that was tried without success."""

    waiting: int
    waiting_since: int | None
    delivered: int
    given_up: int
    problem: str


def is_due(tx: Connection, queue: DeliveryQueue[Any], now: int) -> bool:
    """Whether a notice waits whose time has come, leased or not."""
    due = queue.table.c
    return tx.execute(select(due.id).where(due.next_try_at <= now).limit(1)).first() is not None


def drop_of_others(tx: Connection, queue: DeliveryQueue[Any], listeners: Collection[str]) -> int:
    """Forget waiting notices and rests of listeners that are gone; how many notices."""
    known = list(listeners)
    tx.execute(delete(listener_rests).where(_R.queue == queue.name, _R.listener.not_in(known)))
    which = (queue.table.c.next_try_at >= 0, queue.listener.not_in(known))
    return tx.execute(delete(queue.table).where(*which)).rowcount


def hold_back(tx: Connection, queue: DeliveryQueue[Any], now: int) -> int:
    """What is due for a listener that rests waits until the rest is over; how many notices."""
    until = select(_R.until).where(_R.queue == queue.name, _R.listener == queue.listener).scalar_subquery()
    which = (queue.table.c.next_try_at <= now, queue.listener.in_(_resting(queue, now)))
    return tx.execute(update(queue.table).where(*which).values(next_try_at=until)).rowcount


def lease(tx: Connection, queue: DeliveryQueue[N], *, holder: str, now: int, until: int, limit: int) -> list[N]:
    """Take notices that are due and in nobody's hands, for listeners that do not rest, by one conditional UPDATE (HT-3).

    In order: of one person and listener only the earliest that waits is free; a later one follows when that is delivered or given up.
    """
    found = queue.table.c
    free = (found.next_try_at <= now) & or_(found.leased_until.is_(None), found.leased_until <= now)
    chosen = select(found.id).where(free, queue.listener.not_in(_resting(queue, now))).order_by(found.next_try_at).limit(limit)
    if queue.in_order:
        earlier = queue.table.alias("earlier")
        held_up = select(earlier.c.id).where(
            earlier.c.listener == queue.listener,
            earlier.c.person_id == found.person_id,
            earlier.c.position < found.position,
            earlier.c.next_try_at.is_not(None),
        )
        chosen = chosen.where(~held_up.exists())
    if tx.dialect.name == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)
    statement = update(queue.table).where(found.id.in_(chosen), free).values(holder=holder, leased_until=until)
    names = [field.name for field in fields(queue.notice)]
    columns = [queue.listener if name == "listener" else found[name] for name in names]
    place = found.position if queue.in_order else found.created_at
    rows = sorted(tx.execute(statement.returning(place, *columns)).all(), key=lambda row: row[0])
    return [queue.notice(**dict(zip(names, row[1:], strict=True))) for row in rows]


def sent(tx: Connection, queue: DeliveryQueue[N], notice: N, holder: str, now: int) -> bool:
    """The listener accepted it. False if another node holds it by now."""
    return _finish(tx, queue, notice, holder, sent_at=now, next_try_at=None, problem=None, **dict.fromkeys(queue.emptied, ""))


def given_up(tx: Connection, queue: DeliveryQueue[N], notice: N, holder: str, now: int, problem: str) -> bool:
    """It was tried for long enough, or the listener wants no more. False if another node holds it by now."""
    return _finish(
        tx, queue, notice, holder, failed_at=now, next_try_at=None, problem=problem, **dict.fromkeys(queue.emptied, "")
    )


def later(tx: Connection, queue: DeliveryQueue[N], notice: N, holder: str, next_try_at: int, problem: str) -> bool:
    """The listener did not accept it now. In order: later notices of the same person are not due before it."""
    if not _finish(tx, queue, notice, holder, next_try_at=next_try_at, problem=problem):
        return False
    if queue.in_order:
        found = queue.table.c
        person = select(found.person_id).where(found.id == notice.id).scalar_subquery()
        same = (queue.listener == notice.listener, found.person_id == person, found.next_try_at < next_try_at)
        tx.execute(update(queue.table).where(*same).values(next_try_at=next_try_at))
    return True


def let_go(tx: Connection, queue: DeliveryQueue[N], notices: Sequence[N], holder: str) -> None:
    """Give back notices that were taken and not tried."""
    which = (queue.table.c.id.in_([one.id for one in notices]), queue.table.c.holder == holder)
    tx.execute(update(queue.table).where(*which).values(holder=None, leased_until=None))


def silences(tx: Connection, queue: DeliveryQueue[Any]) -> dict[str, int]:
    """The listeners that did not answer the last call: name -> how many calls in a row."""
    return {row.listener: row.silences for row in tx.execute(select(_R.listener, _R.silences).where(_R.queue == queue.name))}


def rest(tx: Connection, queue: DeliveryQueue[Any], listener: str, silences: int, until: int) -> None:
    """A listener did not answer, so many times in a row: it is not called before a time."""
    run(tx, _REST, {"queue": queue.name, "listener": listener, "until": until, "silences": silences})


def end_rest(tx: Connection, queue: DeliveryQueue[Any], listener: str) -> None:
    """A listener answered."""
    tx.execute(delete(listener_rests).where(_R.queue == queue.name, _R.listener == listener))


def counts(tx: Connection, queue: DeliveryQueue[Any], listener: str, since: int) -> DeliveryCounts:
    """How the notices of a listener that were made since a time went."""
    found = queue.table.c
    waits = found.next_try_at.is_not(None)
    where = (queue.listener == listener, found.created_at >= since)
    row = tx.execute(
        select(
            func.count(case((waits, 1))),
            func.min(case((waits, found.created_at))),
            func.count(found.sent_at),
            func.count(found.failed_at),
        ).where(*where)
    ).one()
    newest = select(found.problem).where(*where, found.problem.is_not(None)).order_by(found.created_at.desc()).limit(1)
    problem = tx.execute(newest).scalar()
    return DeliveryCounts(waiting=row[0], waiting_since=row[1], delivered=row[2], given_up=row[3], problem=problem or "")


def purge(tx: Connection, before: int, *, queue: DeliveryQueue[Any], limit: int = BATCH) -> int:
    """Forget notices that were delivered, or given up, and were made before a time."""
    found = queue.table.c
    return delete_some(tx, queue.table, (found.created_at < before) & found.next_try_at.is_(None), found.created_at, limit)


def _resting(queue: DeliveryQueue[Any], now: int) -> Select[str]:
    return select(_R.listener).where(_R.queue == queue.name, _R.until > now)


def _finish(tx: Connection, queue: DeliveryQueue[N], notice: N, holder: str, **values: Any) -> bool:
    found = queue.table.c
    statement = update(queue.table).where(found.id == notice.id, found.holder == holder, found.next_try_at.is_not(None))
    return tx.execute(statement.values(tries=found.tries + 1, holder=None, leased_until=None, **values)).rowcount == 1
