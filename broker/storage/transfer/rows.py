"""Rows as plain values, the same on SQLite and PostgreSQL, and the sum by which two databases are compared.

The tables are read from the database and not from `broker/storage/tables`: a backup may have been made by an earlier version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Boolean, Connection, Text, cast, column, insert, inspect, select, tuple_
from sqlalchemy import table as sql_table

from broker.storage.tables import metadata

BATCH = 1000  # rows in memory, and of one transaction of a copy
_MODULUS = 2**256
PlainRow = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """One table as the database has it. key: the columns of its primary key. documents: columns of JSON, copied as text."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    booleans: frozenset[str]
    documents: frozenset[str]

    def key_of(self, row: PlainRow) -> list[Any]:
        """The primary key of a row."""
        return [row[self.columns.index(name)] for name in self.key]


@dataclass(frozen=True, slots=True)
class TableSum:
    """rows: their number. sum: of the SHA-256 of each row, modulo 2^256, in hex; the order of the rows does not matter."""

    rows: int
    sum: str


def tables_of(tx: Connection) -> tuple[CopiedTable, ...]:
    """The broker's tables that are there, each after those that its foreign keys name."""
    inspector = inspect(tx)
    columns, keys = inspector.get_multi_columns(), inspector.get_multi_pk_constraint()
    names = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name is not None and name in metadata.tables]
    return tuple(_table(name, columns[None, name], keys[None, name]["constrained_columns"]) for name in names)


def names_of(tx: Connection) -> list[str]:
    """The names of the broker's tables that are there."""
    return [name for name in inspect(tx).get_table_names() if name in metadata.tables]


def _table(name: str, columns: Sequence[Any], key: Sequence[str]) -> CopiedTable:
    return CopiedTable(
        name=name,
        columns=tuple(one["name"] for one in columns),
        key=tuple(key),
        booleans=frozenset(one["name"] for one in columns if isinstance(one["type"], Boolean)),
        documents=frozenset(one["name"] for one in columns if isinstance(one["type"], JSON)),
    )


def read_rows(tx: Connection, table: CopiedTable, after: Sequence[Any] | None = None) -> Iterator[list[PlainRow]]:
    """The rows in the order of the primary key, a batch at a time. after: the key of the last row that is not wanted."""
    source = sql_table(table.name, *(column(name) for name in table.columns))
    as_text = table.documents if tx.dialect.name == "postgresql" else frozenset()  # else psycopg would parse it
    wanted = [cast(source.c[name], Text) if name in as_text else source.c[name] for name in table.columns]
    key = [source.c[name] for name in table.key]
    statement = select(*wanted).order_by(*key).execution_options(yield_per=BATCH)
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*after))
    flags = [name in table.booleans for name in table.columns]
    for batch in tx.execute(statement).partitions():
        yield [_plain(row, flags) for row in batch]


def _plain(row: Sequence[Any], flags: Sequence[bool]) -> PlainRow:
    """SQLite has numbers where PostgreSQL has booleans."""
    return tuple(bool(value) if flag and value is not None else value for value, flag in zip(row, flags, strict=True))


def write_rows(tx: Connection, table: CopiedTable, rows: Sequence[PlainRow]) -> None:
    """Insert rows that `read_rows` read in a database of the same revision."""
    target = sql_table(table.name, *(column(name) for name in table.columns))
    tx.execute(insert(target), [dict(zip(table.columns, row, strict=True)) for row in rows])


def measure(tx: Connection, table: CopiedTable) -> TableSum:
    """Number and sum of the rows. It detects a row that is missing, double or different; it is no protection against an attacker."""
    rows, total = 0, 0
    for batch in read_rows(tx, table):
        rows += len(batch)
        for row in batch:
            total += int.from_bytes(hashlib.sha256(json.dumps(row, separators=(",", ":")).encode()).digest())
    return TableSum(rows, f"{total % _MODULUS:064x}")
