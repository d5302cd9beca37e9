"""Upgrades of databases that are in use: with rows, with busy tables, and with two versions at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from broker.domain.errors import SetupError, Unavailable
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.operations.health import Health
from broker.storage import migrate
from broker.storage.engine import Database
from broker.storage.tables import metadata
from tests.postgres import Server
from tests.storage.filled import fill

NEWEST = migrate.head()


@pytest.fixture
def busy(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A PostgreSQL database of the revision before `people` got a column, and migrations that wait for locks only shortly."""
    monkeypatch.setattr(migrate, "LOCK_WAIT_MS", 50)
    url = postgres.create_empty_database()
    with closing(Database(url)) as database:
        with database.write() as tx:
            migrate.build(tx, "0043")
            fill(tx, 1)
        yield database
    postgres.drop_database(url)


def held(database: Database) -> Connection:
    """A transaction that has changed a row of `people` and does not end."""
    connection = database.writer.connect()
    connection.exec_driver_sql("UPDATE people SET name = 'held'")
    return connection


def test_rows_of_the_first_version_survive(tmp_path: Path):
    """Every migration runs over rows in every table; none is lost, and the tables are those of the code."""
    with closing(Database(f"sqlite:///{tmp_path}/old.db")) as database:
        with database.write() as tx:
            migrate.build(tx, "0001")
            fill(tx, 1)
        reached: list[str] = []
        assert migrate.upgrade(database, done=reached.append) is True
        assert reached == migrate.revisions()[1:]
        with database.write() as tx:
            assert compare_metadata(MigrationContext.configure(tx, opts={"compare_type": True}), metadata) == []
            assert tx.exec_driver_sql("SELECT count(*) FROM people").scalar_one() == 1


def test_a_busy_table_delays_the_migration_and_nobody_else(busy: Database):
    """The migration gives up its place in the queue, another request passes, and the next attempt succeeds."""
    other = held(busy)

    def pause(_seconds: float) -> None:
        with busy.read() as tx:  # a request: the migration no longer stands before it
            assert tx.exec_driver_sql("SELECT count(*) FROM people").scalar_one() == 1
        other.rollback()
        other.close()

    reached: list[str] = []
    assert migrate.upgrade(busy, done=reached.append, pause=pause) is True
    assert reached[0] == "0044"
    assert migrate.current(busy) == NEWEST


def test_a_table_that_stays_busy_ends_the_upgrade_unchanged(busy: Database):
    """After its attempts it says so; the migrations before it are done, and nothing is half done."""
    other = held(busy)
    pauses: list[float] = []
    with pytest.raises(Unavailable, match="LockNotAvailable"):
        migrate.upgrade(busy, pause=pauses.append)
    other.close()
    assert len(pauses) > 3
    assert migrate.current(busy) == "0043"


def test_a_node_of_the_previous_version_serves_on(core: Core, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """The next version upgraded the tables: this one starts, upgrades nothing, is ready, and the log says it."""
    with core.db.write() as tx:
        migrate.stamp(tx, "9998")
    with caplog.at_level(logging.WARNING):
        assert migrate.upgrade(core.db) is False
    assert f"schema.newer database=9998 ours={NEWEST}" in caplog.text
    (tmp_path / "keys").mkdir()
    create_root(tmp_path / "keys")
    health = Health(core, Keys(core.db, Sealer(load_roots(tmp_path / "keys")), core.clock, keep=0))
    assert health.checks()["schema"]


def test_a_database_that_is_copied_into_starts_nothing(sqlite_url: str):
    """An interrupted copy or restore is no database yet."""
    with closing(Database(sqlite_url)) as database:
        with database.write() as tx:
            migrate.stamp(tx, migrate.UNFINISHED)
        with pytest.raises(SetupError, match="interrupted"):
            migrate.upgrade(database)
        assert not migrate.is_newer(migrate.current(database))
