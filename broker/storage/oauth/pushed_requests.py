"""Pushed authorization requests, by the hash of their request_uri: each is taken once, by its own client (RFC 9126 4)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert

from broker.domain.ids import digest
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import pushed_requests

_C = pushed_requests.c
_INSERT = insert(pushed_requests)
_TAKE = (
    delete(pushed_requests)
    .where(_C.handle == bindparam("hash"), _C.client_id == bindparam("client"), _C.expires_at > bindparam("now"))
    .returning(_C.parameters)
)


def add(tx: Connection, handle: str, client_id: str, parameters: Sequence[tuple[str, str]], expires_at: int) -> None:
    """Insert the parameters of a request that passed every check."""
    row = {"handle": digest(handle), "client_id": client_id, "parameters": list(map(list, parameters)), "expires_at": expires_at}
    tx.execute(_INSERT, row)


def take(tx: Connection, handle: str, client_id: str, now: int) -> tuple[tuple[str, str], ...] | None:
    """Take the parameters of this client's request, once; None if they are unknown, over, taken or another client's."""
    found = tx.execute(_TAKE, {"hash": digest(handle), "client": client_id, "now": now}).scalar_one_or_none()
    return None if found is None else tuple((name, value) for name, value in found)


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete requests that were over before a time."""
    return delete_some(tx, pushed_requests, _C.expires_at < before, _C.expires_at, limit)
