"""A trial of an upgrade: the database is copied, the copy is migrated and checked, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from broker.domain.errors import Conflict
from broker.storage import migrate
from broker.storage.engine import BUSY_TIMEOUT_MS, Database
from broker.storage.transfer.checks import counted, differences
from broker.storage.transfer.copying import Watch, clear, measured, transfer


@dataclass(frozen=True, slots=True)
class MigrationTime:
    """One migration on the copy. seconds: how long it took. long: requests to its tables would be refused meanwhile."""

    revision: str
    name: str
    seconds: float
    long: bool


@dataclass(frozen=True, slots=True)
class UpgradeTrial:
    """What the upgrade would do. before: the database's revision. after: the copy's.

    fewer: table -> rows that the migrations removed. problems: a line each; empty if all is well.
    """

    before: str
    after: str
    rows: int
    copy_seconds: float
    migrations: tuple[MigrationTime, ...]
    fewer: Mapping[str, int]
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"ok": not self.problems, **asdict(self)}


def try_upgrade(db: Database, scratch: Database, timer: Callable[[], float], watch: Watch) -> UpgradeTrial:
    """Copy, migrate the copy, check it, and drop it. scratch: an empty database of the same kind. Raises Conflict (it has data)."""
    if db.url == scratch.url:
        raise Conflict("the copy needs another database", "same_database")
    names, times, began = migrate.names(), [], timer()
    with db.snapshot() as tx:
        found = measured(tx)
        transfer(tx, found, scratch, watch=watch)
    last = copied = timer()

    def note(revision: str) -> None:
        nonlocal last
        now = timer()
        took = now - last
        times.append(MigrationTime(revision, names[revision], round(took, 2), took * 1000 > BUSY_TIMEOUT_MS))
        last = now

    migrate.upgrade(scratch, done=note)
    with scratch.write() as tx:
        rows, after = counted(tx), migrate.revision_of(tx)
        fewer = {name: lost for name, one in found.sums.items() if (lost := one.rows - rows.get(name, 0)) > 0}
        problems = tuple(differences(tx))
        clear(tx)
    total = sum(one.rows for one in found.sums.values())
    return UpgradeTrial(found.revision, str(after), total, round(copied - began, 2), tuple(times), fewer, problems)
