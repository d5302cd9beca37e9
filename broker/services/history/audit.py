"""The audit's one door: an event goes in with the transaction of its cause, or the cause does not happen (LP-08)."""

from __future__ import annotations

from broker.domain.audit import Event
from broker.storage.engine import Connection
from broker.storage.history import audit as rows


def record(tx: Connection, event: Event, now: int) -> None:
    """Write `event` in the transaction `tx`."""
    rows.add(tx, event, now)
