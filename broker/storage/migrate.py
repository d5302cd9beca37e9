"""Bring a database to this version's tables: numbered, forward only, safe to run on every start and on many nodes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from broker.domain.errors import SetupError, Unavailable
from broker.storage.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"
UNFINISHED = "unfinished"  # the revision of a database into which a copy or restore was interrupted
LOCK_WAIT_MS = 2_000  # below BUSY_TIMEOUT_MS of the engine: no request that waits behind a migration gives up before it does
_TRIES = 15  # of a migration whose table is busy
_PAUSE = 2.0  # seconds between two of them: the statements that wait behind the migration get their turn
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code
_log = logging.getLogger(__name__)


def revisions() -> list[str]:
    """Every revision, oldest first: the numbers of the files, `v0035_setup_links.py` is 0035.

    The files are read and Alembic is not: every command and every probe of a node's health asks this.
    """
    return sorted(names())


def names() -> dict[str, str]:
    """Revision -> what its migration is about, in the words of the file's name."""
    return {path.stem[1:5]: path.stem[6:].replace("_", " ") for path in (_HERE / "versions").glob("v[0-9]*.py")}


def head() -> str:
    """The revision that this code expects: the number of the newest file."""
    return revisions()[-1]


def is_known(revision: str) -> bool:
    """Whether this version can bring a database of this revision to its own."""
    return revision in revisions()


def is_newer(revision: str | None) -> bool:
    """Whether a later version made these tables: it only added to what this one uses (docs/operations.md, Upgrade)."""
    return revision is not None and revision.isdecimal() and revision > head()


def current(db: Database) -> str | None:
    """The revision that the database has, None if it is empty."""
    with db.read() as tx:
        return revision_of(tx)


def upgrade(
    db: Database, *, done: Callable[[str], None] = lambda _revision: None, pause: Callable[[float], None] = time.sleep
) -> bool:
    """Apply what is missing; True if anything was applied. Nodes wait for one another.

    The tables of an empty database are made in one transaction; afterwards each migration has its own, so that no lock is held
    longer than one migration needs it. On PostgreSQL a migration waits 2 seconds at most for a busy table (`env.py`), and lets
    the others pass before its next attempt. done: is given each revision. Raises SetupError, Unavailable.
    """
    applied = False
    while (before := current(db)) != head():
        if is_newer(before):
            _log.warning("schema.newer database=%s ours=%s", before, head())
            return False
        if before is not None and not is_known(before):
            raise SetupError("database_unfinished", "a copy or restore into it was interrupted; run the same command again")
        done(_step(db, before, pause))
        applied = True
    return applied


def _step(db: Database, before: str | None, pause: Callable[[float], None]) -> str:
    """One migration, or all of an empty database; the revision that is reached. Another node may have been faster."""
    for _ in range(_TRIES - 1):
        try:
            return _attempt(db, before)
        except Unavailable as error:
            if getattr(getattr(error.__cause__, "orig", None), "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
        pause(_PAUSE)
    return _attempt(db, before)


def _attempt(db: Database, before: str | None) -> str:
    with db.write() as tx:
        if db.dialect == "postgresql":
            tx.exec_driver_sql("SET LOCAL lock_timeout = 0")  # however long the other node's migration takes
            tx.exec_driver_sql("SELECT pg_advisory_xact_lock(7241905)")
        now = revision_of(tx)
        if now is not None and now != before:
            return now
        wanted = head() if before is None else revisions()[revisions().index(before) + 1]
        build(tx, wanted)
        return wanted


def build(tx: Connection, revision: str) -> None:
    """Apply every migration up to a revision, in this transaction."""
    from alembic import command

    command.upgrade(_config(tx), revision)


def stamp(tx: Connection, revision: str) -> None:
    """Write the revision without a migration."""
    tx.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'")  # noqa: S608  one of ours


def revision_of(tx: Connection) -> str | None:
    """What Alembic wrote into its table; an empty table is that of an empty database."""
    if not inspect(tx).has_table(VERSION_TABLE):
        return None
    found = tx.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar_one_or_none()  # noqa: S608  a constant
    return None if found is None else str(found)


def _config(tx: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes |= {"connection": tx, "lock_wait": LOCK_WAIT_MS}
    return config
