"""What may come once only: the jti of a client assertion, an assertion's id, a time step (HT-3)."""

from __future__ import annotations

from sqlalchemy import Connection

from broker.domain.ids import digest
from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import used

_TAKE = for_both(used, lambda insert: insert.on_conflict_do_nothing(index_elements=["kind", "value"]))


def once(tx: Connection, kind: str, value: str, expires_at: int) -> bool:
    """Take a value; False if it was taken before. expires_at: when it could not be accepted any more anyway."""
    return run(tx, _TAKE, {"kind": kind, "value": digest(value), "expires_at": expires_at}).rowcount == 1


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget values that have expired before a time."""
    return delete_some(tx, used, used.c.expires_at < before, used.c.expires_at, limit)
