"""The queue of events: rows of the audit whose listeners are not known yet. `audit.add` puts a row in, in the transaction of its cause.

Who takes rows out holds the lock of the audit's anchor, as everybody does who changes rows of the audit: two nodes take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from broker.domain.guest_event import HeardEvent
from broker.storage.tables import audit

_C = audit.c
_EVENT = (_C.id, _C.at, _C.name, _C.actor_kind, _C.actor_id, _C.request_id, _C.subject, _C.target, _C.reason, _C.data)
_WAITS = select(_C.id).where(_C.event_position.is_not(None)).order_by(_C.event_position).limit(1)
_NEXT = select(*_EVENT).where(_C.event_position.is_not(None)).order_by(_C.event_position, _C.at, _C.id).limit(bindparam("limit"))


def waits(tx: Connection) -> bool:
    """Whether an event is in the queue."""
    return tx.execute(_WAITS).first() is not None


def take(tx: Connection, limit: int) -> list[HeardEvent]:
    """Take the oldest events out, in the order in which they were stored; the caller holds the anchor's lock."""
    found = [_event(row) for row in tx.execute(_NEXT, {"limit": limit})]
    tx.execute(update(audit).where(_C.id.in_([one.id for one in found])).values(event_position=None))
    return found


def since(tx: Connection, at: int, names: Sequence[str], *, after: tuple[int, str] | None, limit: int) -> list[HeardEvent]:
    """A page of events of these names from a time on, oldest first. after: (at, id) of the last one of the page before."""
    statement = select(*_EVENT).where(_C.at >= at, _C.name.in_(list(names)), _C.subject != "")
    if after is not None:
        statement = statement.where(_C.at >= after[0], or_(_C.at > after[0], _C.id > after[1]))
    return [_event(row) for row in tx.execute(statement.order_by(_C.at, _C.id).limit(limit))]


def _event(row: Any) -> HeardEvent:
    return HeardEvent(**row._mapping)
