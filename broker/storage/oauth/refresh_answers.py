"""The sealed answer to a refresh token that was just replaced: two tabs that refresh at the same moment get the same one."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select

from broker.domain.ids import digest
from broker.domain.token import RefreshFamily
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import refresh_answers, refresh_families, refresh_tokens

_C = refresh_answers.c
_INSERT = insert(refresh_answers)


def add(tx: Connection, token: str, *, successor: str, sealed: str, expires_at: int) -> None:
    """Insert the answer that replaced `token` by `successor`."""
    row = {"token": digest(token), "successor": digest(successor), "sealed": sealed, "expires_at": expires_at}
    tx.execute(_INSERT, row)


_FIND = (
    select(_C.sealed, refresh_families.c.id, refresh_families.c.grant_id, refresh_families.c.expires_at, refresh_families.c.jkt)
    .join(refresh_tokens, refresh_tokens.c.token == _C.successor)
    .join(refresh_families, refresh_families.c.id == refresh_tokens.c.family_id)
    .where(
        _C.token == bindparam("hash"),
        _C.expires_at > bindparam("now"),
        refresh_tokens.c.spent_at.is_(None),
        refresh_tokens.c.expires_at > bindparam("now"),
        refresh_families.c.client_id == bindparam("client"),
        refresh_families.c.revoked_at.is_(None),
        refresh_families.c.expires_at > bindparam("now"),
    )
)


def find(tx: Connection, token: str, client_id: str, now: int) -> tuple[RefreshFamily, str] | None:
    """The family of a replaced token of this client, and the sealed answer.

    None if the time is over, if the family ended, or if the successor was used: then `token` is older than the newest token's
    predecessor.
    """
    row = tx.execute(_FIND, {"hash": digest(token), "client": client_id, "now": now}).first()
    return None if row is None else (RefreshFamily(*row[1:]), row[0])


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete answers whose time was over before a time."""
    return delete_some(tx, refresh_answers, _C.expires_at < before, _C.expires_at, limit)
