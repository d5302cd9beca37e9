"""A copy of every row into another database. It may be interrupted at any point; the next run continues and gives the same result.

While it is unfinished the target has no revision that any version knows (`migrate.UNFINISHED`), so that nothing uses it. The table
`copy_progress` is there as long: what is copied, and the key of the last row of each table, written with the rows themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, delete, inspect, literal, select, update
from sqlalchemy import table as sql_table
from sqlalchemy.exc import DataError, IntegrityError

from broker.domain.errors import Conflict, Invalid
from broker.storage import migrate
from broker.storage.engine import Database
from broker.storage.tables import metadata
from broker.storage.transfer.rows import CopiedTable, TableSum, measure, names_of, read_rows, tables_of, write_rows

_PROGRESS = Table(
    "copy_progress", MetaData(), Column("name", String(64), primary_key=True), Column("state", Text, nullable=False)
)
_PLAN = ""  # the name of the row that says what is copied
_N = _PROGRESS.c
Watch = Callable[[str, int], None]  # (table, rows so far), after each batch is committed


@dataclass(frozen=True, slots=True)
class DatabaseSums:
    """What a database holds: its revision, and each table's number of rows and sum. tables: as it has them, parents first."""

    revision: str
    sums: Mapping[str, TableSum]
    tables: tuple[CopiedTable, ...] = field(compare=False, default=())

    @property
    def plan(self) -> str:
        """The same as text, to be stored with a copy."""
        return json.dumps([self.revision, {name: asdict(one) for name, one in sorted(self.sums.items())}])

    @classmethod
    def of_plan(cls, text: str) -> DatabaseSums:
        """What `plan` stored."""
        revision, sums = json.loads(text)
        return cls(revision, {name: TableSum(**one) for name, one in sums.items()})


def measured(tx: Connection) -> DatabaseSums:
    """Reads every row. Raises Conflict for a database that this version cannot copy."""
    revision = migrate.revision_of(tx)
    if revision is None or not migrate.is_known(revision):
        raise Conflict(f"its tables ({revision or 'none'}) are not of this version or an earlier one", "unknown_schema")
    tables = tables_of(tx)
    return DatabaseSums(revision, {table.name: measure(tx, table) for table in tables}, tables)


def hold(tx: Connection) -> None:
    """In a writing transaction: nobody else writes to the database until it ends. Raises Unavailable after the lock timeout."""
    if tx.dialect.name == "postgresql":
        names = ", ".join(f'"{name}"' for name in names_of(tx))
        tx.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")


def transfer(
    source: Connection,
    found: DatabaseSums,
    target: Database,
    *,
    replace: bool = False,
    finish: Callable[[Connection], None] | None = None,
    watch: Watch = lambda _table, _rows: None,
) -> None:
    """Copy what was measured. Afterwards the target is at the source's revision, or where `finish` brought it.

    source: a transaction that sees one state throughout. replace: drop what the target has. finish: runs in the transaction
    that makes the target usable. Raises Conflict (the target has data), Invalid (it refuses a row, or what arrived is different).
    """
    with target.write() as tx:
        if not _continues(tx, found):
            if not replace and not is_unfinished(tx) and holds_rows(tx):
                raise Conflict("the target database has data", "not_empty")
            _begin(tx, found)
            _compare(tx, found)
        done = {row.name: row.state for row in tx.execute(select(_N.name, _N.state))}
    for table in found.tables:
        _copy_table(source, target, table, json.loads(done[table.name]) if table.name in done else None, watch)
    with target.write() as tx:
        arrived = {table.name: measure(tx, table) for table in found.tables}
        wrong = sorted(name for name in found.sums if arrived.get(name) != found.sums[name])
        if wrong:
            raise Invalid(f"what arrived is different: {', '.join(wrong)}; run it again with an empty target", "copy_differs")
        _PROGRESS.drop(tx)
        migrate.stamp(tx, found.revision)
        if finish is not None:
            finish(tx)


def is_unfinished(tx: Connection) -> bool:
    """Whether a copy into this database was interrupted."""
    return migrate.revision_of(tx) == migrate.UNFINISHED


def holds_rows(tx: Connection) -> bool:
    """Whether any of our tables has a row."""
    return any(tx.execute(select(literal(1)).select_from(sql_table(name)).limit(1)).first() is not None for name in names_of(tx))


def _continues(tx: Connection, found: DatabaseSums) -> bool:
    """Whether an interrupted copy of exactly these rows is there; of others it begins again."""
    if not is_unfinished(tx):
        return False
    return tx.execute(select(_N.state).where(_N.name == _PLAN)).scalar_one_or_none() == found.plan


def _begin(tx: Connection, found: DatabaseSums) -> None:
    """Empty tables of the source's revision, and a target that is marked as unfinished."""
    if migrate.revision_of(tx) != found.revision or holds_rows(tx):
        _rebuild(tx, found.revision)
    _PROGRESS.create(tx)
    tx.execute(_PROGRESS.insert().values(name=_PLAN, state=found.plan))
    migrate.stamp(tx, migrate.UNFINISHED)


def clear(tx: Connection) -> None:
    """Drop every table of ours; those of others stay."""
    there = MetaData()
    ours = {*metadata.tables, _PROGRESS.name, migrate.VERSION_TABLE}
    there.reflect(tx, only=[name for name in inspect(tx).get_table_names() if name in ours])
    there.drop_all(tx)


def _rebuild(tx: Connection, revision: str) -> None:
    clear(tx)
    migrate.build(tx, revision)
    names = names_of(tx)
    for table in reversed(metadata.sorted_tables):
        if table.name in names:
            tx.execute(delete(sql_table(table.name)))  # a migration may have written a first row


def _compare(tx: Connection, found: DatabaseSums) -> None:
    """The source has the tables of its revision. Raises Conflict for one that somebody changed by hand."""
    due = {(table.name, name) for table in tables_of(tx) for name in table.columns}
    there = {(table.name, name) for table in found.tables for name in table.columns}
    if due != there:
        names = ", ".join(f"{table}.{name}" for table, name in sorted(due ^ there))
        raise Conflict(f"the source's tables are not those of its revision {found.revision}: {names}", "altered_schema")


def _copy_table(source: Connection, target: Database, table: CopiedTable, after: list[Any] | None, watch: Watch) -> None:
    copied, begun = 0, after is not None
    for rows in read_rows(source, table, after):
        state = json.dumps(table.key_of(rows[-1]))
        try:
            with target.write() as tx:
                write_rows(tx, table, rows)
                mark = update(_PROGRESS).where(_N.name == table.name) if begun else _PROGRESS.insert().values(name=table.name)
                tx.execute(mark.values(state=state))
        except (DataError, IntegrityError) as error:
            raise Invalid(f"the target refuses a row of {table.name} ({type(error.orig).__name__})", "row_refused") from None
        begun, copied = True, copied + len(rows)
        watch(table.name, copied)
