"""How the two databases are opened, written and read."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from broker.domain.errors import Unavailable
from broker.storage import engine
from broker.storage.directory import people
from broker.storage.engine import Database, resolve
from tests.factories import person
from tests.race import race


class ChangedMyMind(Exception):
    """Raised inside a transaction by these tests."""


def count(database: Database) -> int:
    """The number of people."""
    with database.read() as tx:
        return int(tx.execute(text("SELECT count(*) FROM people")).scalar_one())


def test_clean_exit_commits(database: Database):
    """What a transaction wrote is there afterwards."""
    with database.write() as tx:
        people.add(tx, person())
    assert count(database) == 1


def test_exception_rolls_back(database: Database):
    """An exception leaves nothing of its transaction."""
    with pytest.raises(ChangedMyMind), database.write() as tx:
        people.add(tx, person())
        raise ChangedMyMind
    assert count(database) == 0


def test_reader_does_not_see_what_is_not_committed(database: Database):
    """Reads have a connection of their own, and do not wait for the writer (HT-16)."""
    with database.write() as tx:
        people.add(tx, person())
        assert count(database) == 0
    assert count(database) == 1


def test_parallel_writers_lose_nothing(database: Database):
    """HT-16: twenty writers read, then write; SQLite lines them up, PostgreSQL's rows do not collide."""

    def work(number: int) -> None:
        with database.write() as tx:
            people.add(tx, person(email=f"g{number}@fabrikam.example"))

    race(work)
    assert count(database) == 20


def test_close_lets_go_of_every_connection(database: Database):
    """A closed database can be opened again by the same object."""
    count(database)
    database.close()
    assert count(database) == 0


def test_sqlite_is_set_up(sqlite_url: str):
    """HT-16: WAL, busy_timeout 4 s, foreign keys on, full durability, on both kinds of connection."""
    database = Database(sqlite_url)
    for way in (database.read, database.write):
        with way() as tx:
            for pragma, value in (("journal_mode", "wal"), ("busy_timeout", 4000), ("foreign_keys", 1), ("synchronous", 2)):
                assert tx.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    database.close()


def test_sqlite_writer_takes_the_lock_at_once(sqlite_url: str):
    """HT-16: BEGIN IMMEDIATE, so no writer fails in its middle: a second one waits at its beginning."""
    first, second = Database(sqlite_url), sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
    with first.write():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            second.execute("BEGIN IMMEDIATE")
        second.execute("BEGIN")  # a reader is not kept out
        second.execute("SELECT count(*) FROM people")
        second.execute("ROLLBACK")
    second.close()
    first.close()


def test_sqlite_second_writer_waits(sqlite_url: str):
    """A writer that comes second waits for the first instead of failing."""
    database = Database(sqlite_url)
    entered, asked = threading.Event(), threading.Event()
    begin = database.writer.dialect.do_begin

    def note(connection) -> None:
        if entered.is_set():
            asked.set()
        begin(connection)

    database.writer.dialect.do_begin = note  # type: ignore[assignment]

    def slow() -> None:
        with database.write() as tx:
            entered.set()
            assert asked.wait(5)
            people.add(tx, person())

    thread = threading.Thread(target=slow)
    thread.start()
    entered.wait(5)
    with database.write() as tx:
        people.add(tx, person())
    thread.join()
    assert count(database) == 2
    database.close()


def test_relative_sqlite_path_is_under_the_home(tmp_path: Path):
    """The contract's default, sqlite:///var/broker.db, is relative to the home, and its folder is made."""
    url = resolve("sqlite:///var/broker.db", tmp_path)
    assert url == f"sqlite:///{tmp_path}/var/broker.db"
    assert (tmp_path / "var").is_dir()


def test_other_urls_stay_as_they_are(tmp_path: Path):
    """An absolute path, and another database."""
    assert resolve(f"sqlite:///{tmp_path}/x.db", Path("/elsewhere")) == f"sqlite:///{tmp_path}/x.db"
    assert resolve("postgresql+psycopg://broker:pw@db/broker", tmp_path) == "postgresql+psycopg://broker:pw@db/broker"


def test_fa_29_a_lock_of_another_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """FA-29: a writer waits for another's lock until the timeout and no longer, on both databases. tests/attacks waits the real one."""
    assert engine.BUSY_TIMEOUT_MS < 5000
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 300)
    name = "people"
    with database.writer.connect() as other:
        if database.dialect == "postgresql":
            other.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
        else:
            other.execute(text(f"DELETE FROM {name}"))
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught, database.write() as tx:
            people.add(tx, person())
        assert caught.value.reason == "database_busy"
        assert 0.3 <= time.monotonic() - began < 5.5
        other.rollback()
    with database.write() as tx:
        people.add(tx, person())


def test_a_standby_is_left(postgresql_url: str) -> None:
    """A server that became a standby while connections were open: unavailable, and the next transaction has a new connection."""
    database = Database(postgresql_url)
    with database.writer.connect() as tx:
        first = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
        tx.execute(text("SET default_transaction_read_only = on"))  # the state of a standby, for this connection
        tx.commit()
    with pytest.raises(Unavailable) as caught, database.write() as tx:
        people.add(tx, person())
    assert caught.value.reason == "database_busy"
    with database.write() as tx:
        people.add(tx, person())
        assert tx.execute(text("SELECT pg_backend_pid()")).scalar_one() != first
    database.close()


def test_a_full_disk_is_said(tmp_path: Path, sqlite_url: str) -> None:
    """SQLite cannot grow its file: unavailable, nothing of the transaction stays, and afterwards it goes on."""
    database = Database(sqlite_url, base=tmp_path)
    with database.writer.connect() as tx:
        tx.execute(text("PRAGMA max_page_count = 1"))  # raised to what the file has: SQLite's own "disk is full" at the next page
        tx.commit()
    with pytest.raises(Unavailable) as caught, database.write() as tx:
        people.add(tx, person())
        tx.execute(text("CREATE TABLE large (content)"))
        tx.execute(text("INSERT INTO large VALUES (zeroblob(1000000))"))
    assert caught.value.reason == "database_busy"
    assert count(database) == 0
    with database.writer.connect() as tx:
        tx.execute(text("PRAGMA max_page_count = 1000000"))
        tx.commit()
    with database.write() as tx:
        people.add(tx, person())
    database.close()


def test_fa_29_other_failures_stay_what_they_are(database: Database) -> None:
    """FA-29: a table that is missing is no busy database."""
    with pytest.raises(Exception, match="nowhere"), database.read() as tx:
        tx.execute(text("SELECT * FROM nowhere"))
