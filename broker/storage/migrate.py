"""Bring a database to this version's tables: numbered, forward only, safe to run on every start and on many nodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from broker.storage.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent / "migrations"


def head() -> str:
    """The revision that this code expects: the number of the newest file, `v0035_setup_links.py` is 0035.

    The files are read and Alembic is not: every command and every probe of a node's health asks this.
    """
    return max(path.stem[1:5] for path in (_HERE / "versions").glob("v[0-9]*.py"))


def current(db: Database) -> str | None:
    """The revision that the database has, None if it is empty."""
    with db.read() as tx:
        return _revision(tx)


def upgrade(db: Database) -> bool:
    """Apply what is missing, in one transaction; True if anything was applied. Nodes wait for one another."""
    if current(db) == head():
        return False
    from alembic import command

    with db.write() as tx:
        if db.dialect == "postgresql":
            tx.exec_driver_sql("SET LOCAL lock_timeout = 0")
            tx.exec_driver_sql("SELECT pg_advisory_xact_lock(7241905)")
        before = _revision(tx)
        command.upgrade(_config(tx), "head")
        return before != head()


def _revision(tx: Connection) -> str | None:
    """What Alembic wrote into its table; an empty table is that of an empty database."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    found = tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return None if found is None else str(found)


def _config(tx: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = tx
    return config
