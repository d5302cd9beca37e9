"""Notices of events to webhooks and subscriptions; those of one person to one listener are delivered in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from broker.domain.ids import new_id
from broker.storage.delivery.delivery_queue import DeliveryQueue, LeasedNotice
from broker.storage.tables import event_deliveries

_C = event_deliveries.c
_ADD = insert(event_deliveries)
_LAST = select(_C.position).where(_C.position > 0).order_by(_C.position.desc()).limit(1)  # for SQLite's planner a search


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A notice for one listener. event_id: of the audit's row. content: what the listener reads later."""

    listener: str
    event_id: str
    kind: str
    person_id: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedDelivery(LeasedNotice):
    """A notice of an event that this holder alone may send now."""

    event_id: str
    kind: str
    person_id: str
    content: str


QUEUE = DeliveryQueue(
    name="events", table=event_deliveries, listener=_C.listener, notice=LeasedDelivery, emptied=("content",), in_order=True
)


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


def waits_for(tx: Connection, listener: str, person_id: str) -> bool:
    """Whether a notice of this person waits for this listener."""
    which = (_C.listener == listener, _C.person_id == person_id, _C.next_try_at.is_not(None))
    return tx.execute(select(_C.id).where(*which).limit(1)).first() is not None
