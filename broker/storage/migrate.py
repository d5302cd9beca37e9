"""Bring a database to this version's tables: numbered, forward only, safe to run on every start and on many nodes."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from broker.storage.engine import Database

_HERE = Path(__file__).parent / "migrations"


def _config(tx: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    if tx is not None:
        config.attributes["connection"] = tx
    return config


def head() -> str:
    """The revision that this code expects."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(db: Database) -> str | None:
    """The revision that the database has, None if it is empty."""
    with db.read() as tx:
        return MigrationContext.configure(tx).get_current_revision()


def upgrade(db: Database) -> bool:
    """Apply what is missing, in one transaction; True if anything was applied. Nodes wait for one another."""
    if current(db) == head():
        return False
    with db.write() as tx:
        if db.dialect == "postgresql":
            tx.exec_driver_sql("SET LOCAL lock_timeout = 0")
            tx.exec_driver_sql("SELECT pg_advisory_xact_lock(7241905)")
        before = MigrationContext.configure(tx).get_current_revision()
        command.upgrade(_config(tx), "head")
        return before != head()
