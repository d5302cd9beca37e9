"""Tokens of applications for the management API, by their hashes (HT-4). No token of a person is among them."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select, update

from broker.domain.ids import digest
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import api_tokens

_C = api_tokens.c
_INSERT = insert(api_tokens)
_HOLDER = select(_C.client_id, _C.x5t).where(
    _C.token == bindparam("hash"), _C.revoked_at.is_(None), _C.expires_at > bindparam("now")
)


def add(tx: Connection, token: str, client_id: str, *, now: int, expires_at: int, x5t: str | None = None) -> None:
    """Insert a token. x5t: the thumbprint of the certificate that it is bound to."""
    row = {"token": digest(token), "client_id": client_id, "x5t": x5t, "created_at": now, "expires_at": expires_at}
    tx.execute(_INSERT, row)


def holder(tx: Connection, token: str, now: int) -> tuple[str, str | None] | None:
    """The client id of a live token, and its certificate's thumbprint; None if it is unknown, over or revoked."""
    row = tx.execute(_HOLDER, {"hash": digest(token), "now": now}).first()
    return None if row is None else (row.client_id, row.x5t)


def revoke(tx: Connection, token: str, client_id: str, now: int) -> bool:
    """Revoke a token of this client; False if there is none that works (RFC 7009 2.1)."""
    mine = (_C.token == digest(token), _C.client_id == client_id, _C.revoked_at.is_(None))
    return tx.execute(update(api_tokens).where(*mine).values(revoked_at=now)).rowcount == 1


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete tokens that were over before a time."""
    return delete_some(tx, api_tokens, _C.expires_at < before, _C.expires_at, limit)
