"""Backups, restores and the move to another database: each copies every row, and compares numbers and sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict
from broker.domain.times import Clock
from broker.keyring.seal import Sealer
from broker.services.history import audit
from broker.services.operations.after_restore import AfterRestore, Restored
from broker.services.operations.later_events import LaterEvents, read_export
from broker.storage import migrate
from broker.storage.engine import Connection, Database
from broker.storage.history.audit_chain import last_number
from broker.storage.transfer import backup_file
from broker.storage.transfer.copying import DatabaseSums, Watch, hold, measured, transfer


@dataclass(frozen=True, slots=True)
class CopiedDatabase:
    """What was copied. made_at: of the snapshot. tables: name -> rows and sum."""

    made_at: int
    revision: str
    tables: Mapping[str, Any]

    @classmethod
    def of(cls, found: DatabaseSums, made_at: int) -> CopiedDatabase:
        """As measured in the source; the copy has the same."""
        return cls(made_at, found.revision, {name: asdict(one) for name, one in sorted(found.sums.items())})

    @property
    def rows(self) -> int:
        """In all tables."""
        return sum(one["rows"] for one in self.tables.values())

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"made_at": self.made_at, "revision": self.revision, "rows": self.rows, "tables": dict(self.tables)}


def back_up(db: Database, file: Path, clock: Clock, watch: Watch) -> CopiedDatabase:
    """Write one state of a serving database into a new file. Raises Invalid, Conflict."""
    now = clock()
    with db.snapshot() as tx:
        return CopiedDatabase.of(backup_file.write(tx, file, now, watch), now)


def restore(
    db: Database, file: Path, service: Restored, actor: Actor, watch: Watch, *, export: tuple[Path, Sealer] | None, replace: bool
) -> tuple[CopiedDatabase, AfterRestore]:
    """Bring a backup into the database, to this version's tables, and end what could be replayed: usable only after all of it.

    export: an export of the audit that is newer than the backup, and the root keys. replace: drop the data that is there.
    Raises Conflict (there is data), Invalid (the file, or the export, is not what was written).
    """
    with backup_file.opened(file) as (source, found, made_at):
        later = read_export(*export, last_number(source)) if export is not None else LaterEvents()
        reports: list[AfterRestore] = []

        def finish(tx: Connection) -> None:
            migrate.build(tx, migrate.head())
            reports.append(service.within(tx, actor, later))

        with _hint():
            transfer(source, found, db, replace=replace, finish=finish, watch=watch)
    return CopiedDatabase.of(found, made_at), reports[0]


def copy(db: Database, target: Database, actor: Actor, clock: Clock, watch: Watch, *, replace: bool) -> CopiedDatabase:
    """Take every row into another database. Nobody writes to the first one meanwhile. Raises Conflict, Invalid."""
    if db.url == target.url:
        raise Conflict("source and target are the same database", "same_database")
    now = clock()

    def finish(tx: Connection) -> None:
        audit.record(tx, Event(name="database.copied", actor=actor, data={"rows": copied.rows}), now)

    with db.write() as source:
        hold(source)
        if migrate.revision_of(source) != migrate.head():
            raise Conflict("the tables are not at this version: run broker db upgrade first", "not_upgraded")
        found = measured(source)
        copied = CopiedDatabase.of(found, now)
        with _hint():
            transfer(source, found, target, replace=replace, finish=finish, watch=watch)
    return copied


@contextmanager
def _hint() -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        raise Conflict(
            f"{error.message}; --replace drops it" if error.reason == "not_empty" else error.message, error.reason
        ) from None
