"""What a person's own page shows beside the directory's rows."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from broker.storage.tables import grants

_LAST = (
    select(grants.c.client_id, func.max(grants.c.created_at))
    .where(grants.c.person_id == bindparam("person"))
    .group_by(grants.c.client_id)
)


def last_used(tx: Connection, person_id: str) -> dict[str, int]:
    """client_id -> when the person signed in there last, as far as it is remembered."""
    return {str(row[0]): int(row[1]) for row in tx.execute(_LAST, {"person": person_id})}
