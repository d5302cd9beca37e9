"""Databases of every revision, with rows in every table, are upgraded; and a table of a million rows while people sign in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from broker.storage import migrate
from broker.storage.engine import Database
from broker.storage.tables import metadata
from tests.postgres import Server
from tests.storage.filled import fill

ROWS = 1_000_000
COPIED = """INSERT INTO people ({names}) SELECT {values} FROM people, generate_series(1, {rows}) AS n"""


@pytest.fixture
def empty(postgres: Server) -> Iterator[Database]:
    """A PostgreSQL database without a table."""
    url = postgres.create_empty_database()
    with closing(Database(url)) as database:
        yield database
    postgres.drop_database(url)


@pytest.mark.parametrize("revision", migrate.revisions()[:-1])
def test_rows_of_every_revision_survive(empty: Database, revision: str):
    """On PostgreSQL, from each revision to the newest: the tables are those of the code, and the people are there."""
    with empty.write() as tx:
        migrate.build(tx, revision)
        fill(tx, 2)
    assert migrate.upgrade(empty) is True
    with empty.write() as tx:
        assert compare_metadata(MigrationContext.configure(tx, opts={"compare_type": True}), metadata) == []
        assert tx.exec_driver_sql("SELECT count(*) FROM people").scalar_one() == 2


def test_a_busy_table_of_a_million_rows(empty: Database):
    """From the revision after the last one that rewrote `people`: no request waits longer than requests wait for a lock."""
    with empty.write() as tx:
        migrate.build(tx, "0044")
        fill(tx, 1)
        names = list(tx.exec_driver_sql("SELECT * FROM people").keys())
        values = [
            "id || n" if name == "id" else "n || email" if name in ("email", "email_reversed") else f'"{name}"' for name in names
        ]
        tx.exec_driver_sql("ALTER TABLE people ALTER COLUMN id TYPE VARCHAR(64)")
        tx.exec_driver_sql(COPIED.format(names=", ".join(f'"{name}"' for name in names), values=", ".join(values), rows=ROWS))
    over, done, refused = threading.Event(), 0, []

    def request() -> None:
        nonlocal done
        while not over.is_set():
            try:
                with empty.write() as tx:
                    tx.exec_driver_sql("UPDATE people SET name = name || '.' WHERE id IN (SELECT id FROM people LIMIT 1)")
                done += 1
            except Exception as error:  # noqa: BLE001 - of whatever kind: the request failed
                refused.append(error)

    thread = threading.Thread(target=request)
    thread.start()
    try:
        assert migrate.upgrade(empty) is True
    finally:
        over.set()
        thread.join()
    assert refused == []
    assert done
