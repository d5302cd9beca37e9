"""The audit's rows: inserted in the transaction of their cause, chained later, never changed (HT-18)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select

from broker.domain.audit import Event
from broker.domain.ids import new_id
from broker.storage.tables import audit, audit_personal

_ADD = insert(audit)
_ADD_PERSONAL = insert(audit_personal)


def add(tx: Connection, event: Event, now: int) -> str:
    """Insert an event and its personal values; the row's id."""
    row_id = new_id()
    row = {
        "id": row_id,
        "at": now,
        "name": event.name,
        "actor_kind": event.actor.kind,
        "actor_id": event.actor.id,
        "request_id": event.actor.request_id,
        "subject": event.subject,
        "target": event.target,
        "reason": event.reason,
        "data": dict(event.data),
    }
    tx.execute(_ADD, row)
    personal = dict(event.personal) | ({"address": event.actor.address} if event.actor.address else {})
    if personal:
        tx.execute(
            _ADD_PERSONAL,
            [{"audit_id": row_id, "name": name, "subject": event.subject, "value": value} for name, value in personal.items()],
        )
    return row_id


def newest(tx: Connection, *, limit: int = 100, name: str | None = None, target: str | None = None) -> list[dict[str, Any]]:
    """Events, newest first; name and target: only those."""
    statement = select(audit).order_by(audit.c.at.desc(), audit.c.id).limit(limit)
    if name is not None:
        statement = statement.where(audit.c.name == name)
    if target is not None:
        statement = statement.where(audit.c.target == target)
    return [dict(row._mapping) for row in tx.execute(statement)]
