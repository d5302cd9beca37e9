"""Migrations and tables say the same, on both databases."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from broker.storage import migrate
from broker.storage.engine import Database
from broker.storage.tables import metadata


def test_migrations_match_tables(database: Database):
    """A table or column that only one of the two knows is a mistake."""
    with database.write() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_upgrade_again_does_nothing(database: Database):
    """Upgrading is safe on every start."""
    assert migrate.upgrade(database) is False
    assert migrate.current(database) == migrate.head()


def test_upgrade_of_an_empty_file_makes_every_table(tmp_path: Path):
    """A new SQLite file, in a folder that does not exist yet."""
    database = Database("sqlite:///var/broker.db", base=tmp_path)
    assert migrate.current(database) is None
    assert migrate.upgrade(database) is True
    with database.read() as tx:
        assert set(metadata.tables) <= set(inspect(tx).get_table_names())
    database.close()
