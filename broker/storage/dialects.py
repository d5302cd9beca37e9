"""Inserts that SQLite and PostgreSQL write differently: built once for each, chosen by the transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

Both = Mapping[str, Executable]  # dialect's name -> statement


def for_both(table: Table, finish: Callable[[Any], Executable]) -> Both:
    """An insert into `table` for each dialect; `finish` adds what follows, an ON CONFLICT or a RETURNING."""
    return {"sqlite": finish(sqlite.insert(table)), "postgresql": finish(postgresql.insert(table))}


def run(tx: Connection, statement: Both, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Execute the statement of the transaction's dialect. values: column or parameter -> value."""
    return tx.execute(statement[tx.dialect.name], values)
