"""The file of a backup: a SQLite database of the broker's tables, and one table that says what it holds.

It opens with any SQLite program, and it is restored into SQLite and PostgreSQL alike. It has no root key: those are never in the
database. It is for its owner alone, and it appears under its name when it is complete.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, create_engine, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from broker.domain.errors import Invalid
from broker.storage.engine import Database
from broker.storage.transfer.copying import DatabaseSums, Watch, measured, transfer

_ABOUT = Table("backup", MetaData(), Column("name", String(32), primary_key=True), Column("value", Text, nullable=False))
_SUMS, _AT = "sums", "at"


def write(source: Connection, file: Path, now: int, watch: Watch) -> DatabaseSums:
    """Copy what a transaction sees into a new file. Raises Invalid (the file exists, or its path), Conflict (unknown tables)."""
    if "?" in str(file.absolute()):  # begins the options of SQLite's address
        raise Invalid(f"{file} has a ? in its path; choose another name", "file_name")
    if file.exists():
        raise Invalid(f"{file} exists", "file_exists")
    part = file.with_name(file.name + ".part")
    _remove(part)  # of a backup that was interrupted
    found = measured(source)

    def sign(tx: Connection) -> None:
        _ABOUT.create(tx)
        tx.execute(_ABOUT.insert(), [{"name": _SUMS, "value": found.plan}, {"name": _AT, "value": str(now)}])

    try:
        with closing(Database(f"sqlite:///{part.absolute()}")) as target:
            transfer(source, found, target, finish=sign, watch=watch)
    except BaseException:
        _remove(part)
        raise
    with closing(sqlite3.connect(part)) as one:
        one.execute("PRAGMA journal_mode = DELETE")  # one file, without a write-ahead log
    _sync(part)
    part.rename(file)
    _sync(file.parent)
    return found


@contextmanager
def opened(file: Path) -> Iterator[tuple[Connection, DatabaseSums, int]]:
    """The rows of a backup, what it holds, and when it was made (seconds since 1970); it is not written to.

    Raises Invalid for a file that is missing, is no backup, or holds other rows than it says.
    """
    address = f"{file.absolute().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
    try:
        with engine.connect() as tx:
            found, at = _about(tx, file)
            yield tx, found, at
    finally:
        engine.dispose()


def _about(tx: Connection, file: Path) -> tuple[DatabaseSums, int]:
    try:
        about = {row.name: row.value for row in tx.execute(select(_ABOUT.c.name, _ABOUT.c.value))}
        found, at = DatabaseSums.of_plan(about[_SUMS]), int(about[_AT])
        there = measured(tx)
    except (DatabaseError, KeyError, TypeError, ValueError):
        raise Invalid(f"{file} is no backup, or is damaged", "no_backup") from None
    if there != found:
        raise Invalid(f"{file} is damaged: its rows are not those that were written", "backup_damaged")
    return there, at


def _remove(part: Path) -> None:
    for end in ("", "-wal", "-shm"):
        part.with_name(part.name + end).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
