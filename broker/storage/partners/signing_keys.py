"""The key ring's rows: sealed private keys, public members, times. What they mean is the keyring's matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from broker.storage.tables import keys


def add(tx: Connection, values: Mapping[str, Any]) -> None:
    """Insert one key: the columns of the table by name."""
    tx.execute(insert(keys).values(**values))


def change(tx: Connection, kid: str, **values: Any) -> None:
    """Set columns of one key."""
    tx.execute(update(keys).where(keys.c.kid == kid).values(**values))


def listed(tx: Connection) -> list[dict[str, Any]]:
    """Every key, oldest first."""
    return [dict(row._mapping) for row in tx.execute(select(keys).order_by(keys.c.created_at, keys.c.kid))]


def remove(tx: Connection, kid: str) -> None:
    """Delete one key: it is neither published nor trusted from then on."""
    tx.execute(delete(keys).where(keys.c.kid == kid))


def version(tx: Connection) -> tuple[int, int, int, str, str]:
    """A cheap mark that differs whenever the ring changed: number of keys, newest start and retirement, first and last name.

    The names tell a ring whose keys were all replaced within one second.
    """
    c = keys.c
    row = tx.execute(
        select(func.count(), func.max(c.active_from), func.max(c.retired_at), func.min(c.kid), func.max(c.kid))
    ).one()
    return int(row[0]), int(row[1] or 0), int(row[2] or 0), row[3] or "", row[4] or ""


def lock(tx: Connection) -> None:
    """Let no other node change the ring until this transaction ends (SQLite's BEGIN IMMEDIATE does so already)."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("LOCK TABLE keys IN EXCLUSIVE MODE")
