"""Notices of logout that wait: each is sent by one node (HP-56). They are rows of the transaction that ended the session."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, or_, select, update

from broker.domain.ids import new_id
from broker.domain.login import application_sid
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import logout_notices

_C = logout_notices.c
_ADD = insert(logout_notices)
_DUE = select(_C.id).where(_C.next_try_at <= bindparam("now")).limit(1)


@dataclass(frozen=True, slots=True)
class LeasedNotice:
    """A notice that this holder alone may send now. sid: the one that the application received."""

    id: str
    client_id: str
    sid: str
    sub: str
    created_at: int
    tries: int


@dataclass(frozen=True, slots=True)
class NoticeCounts:
    """Notices of one application. waiting_since: of the oldest that waits. problem: of the newest that was tried without success."""

    waiting: int
    waiting_since: int | None
    arrived: int
    given_up: int
    problem: str


def add(tx: Connection, ended: Mapping[tuple[str, str], str], now: int) -> None:
    """Queue a notice for each (client_id, session) -> sub, in the transaction that ended it; no statement if there is none."""
    rows = [
        {"id": new_id(), "client_id": client_id, "sid": application_sid(sid, client_id), "sub": sub, "created_at": now, "next_try_at": now}
        for (client_id, sid), sub in ended.items()
    ]  # fmt: skip
    if rows:
        tx.execute(_ADD, rows)


def is_due(tx: Connection, now: int) -> bool:
    """Whether a notice waits whose time has come, leased or not."""
    return tx.execute(_DUE, {"now": now}).first() is not None


def drop_of_others(tx: Connection, listening: Collection[str]) -> int:
    """Forget waiting notices of applications that have no address for them; how many."""
    which = (_C.next_try_at >= 0, _C.client_id.not_in(list(listening)))
    return tx.execute(delete(logout_notices).where(*which)).rowcount


def lease(tx: Connection, *, holder: str, now: int, until: int, limit: int) -> list[LeasedNotice]:
    """Take notices that are due and in nobody's hands, by one conditional UPDATE (HT-3)."""
    free = (_C.next_try_at <= now) & or_(_C.leased_until.is_(None), _C.leased_until <= now)
    chosen = select(_C.id).where(free).order_by(_C.next_try_at).limit(limit)
    if tx.dialect.name == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)
    statement = update(logout_notices).where(_C.id.in_(chosen), free).values(holder=holder, leased_until=until)
    rows = tx.execute(statement.returning(_C.id, _C.client_id, _C.sid, _C.sub, _C.created_at, _C.tries)).all()
    return sorted((LeasedNotice(*row) for row in rows), key=lambda one: one.created_at)


def sent(tx: Connection, notice_id: str, holder: str, now: int) -> bool:
    """The application accepted it; whom it named is forgotten. False if another node holds it by now."""
    return _finish(tx, notice_id, holder, sent_at=now, next_try_at=None, problem=None, sid="", sub="")


def given_up(tx: Connection, notice_id: str, holder: str, now: int, problem: str) -> bool:
    """It was tried for long enough."""
    return _finish(tx, notice_id, holder, failed_at=now, next_try_at=None, problem=problem, sid="", sub="")


def later(tx: Connection, notice_id: str, holder: str, next_try_at: int, problem: str) -> bool:
    """The application did not accept it now."""
    return _finish(tx, notice_id, holder, next_try_at=next_try_at, problem=problem)


def postpone(tx: Connection, client_id: str, now: int, next_try_at: int) -> int:
    """An application that does not answer is not called again for a while: its notices that are due wait; how many."""
    due = (_C.next_try_at <= now, _C.client_id == client_id, or_(_C.leased_until.is_(None), _C.leased_until <= now))
    return tx.execute(update(logout_notices).where(*due).values(next_try_at=next_try_at)).rowcount


def let_go(tx: Connection, ids: Sequence[str], holder: str) -> None:
    """Give back notices that were taken and not tried."""
    tx.execute(update(logout_notices).where(_C.id.in_(list(ids)), _C.holder == holder).values(holder=None, leased_until=None))


def _finish(tx: Connection, notice_id: str, holder: str, **values: Any) -> bool:
    statement = update(logout_notices).where(_C.id == notice_id, _C.holder == holder, _C.next_try_at.is_not(None))
    return tx.execute(statement.values(tries=_C.tries + 1, holder=None, leased_until=None, **values)).rowcount == 1


def counts(tx: Connection, client_id: str, since: int) -> NoticeCounts:
    """How the notices of an application that were made since a time went."""
    waits = _C.next_try_at.is_not(None)
    where = (_C.client_id == client_id, _C.created_at >= since)
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
    return NoticeCounts(waiting=row[0], waiting_since=row[1], arrived=row[2], given_up=row[3], problem=problem or "")


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget notices that left, or were given up, and were made before a time."""
    return delete_some(tx, logout_notices, (_C.created_at < before) & _C.next_try_at.is_(None), _C.created_at, limit)
