"""Every row arrives in another database, however often the copy was interrupted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from broker.domain.errors import Conflict, Invalid, SetupError
from broker.storage import migrate
from broker.storage.engine import Database
from broker.storage.tables import people
from broker.storage.transfer import rows
from broker.storage.transfer.copying import DatabaseSums, is_unfinished, measured, transfer
from tests.postgres import Server
from tests.storage.filled import fill

MakeDatabase = Callable[[str], Database]


class Killed(Exception):
    """The fault."""


@pytest.fixture
def make_database(request: pytest.FixtureRequest, tmp_path: Path, _migrated_file: Path) -> Iterator[MakeDatabase]:
    """Another database of a kind, with tables and no row."""
    made: list[Database] = []

    def make(kind: str) -> Database:
        if kind == "sqlite":
            path = tmp_path / f"other-{len(made)}.db"
            shutil.copyfile(_migrated_file, path)
            url = f"sqlite:///{path}"
        else:
            server: Server = request.getfixturevalue("postgres")
            url = server.create_database()
            request.addfinalizer(lambda: server.drop_database(url))
        made.append(Database(url))
        return made[-1]

    yield make
    for database in made:
        database.close()


def filled(database: Database, count: int = 5) -> DatabaseSums:
    """Rows in every table; what they measure."""
    with database.write() as tx:
        fill(tx, count)
        return measured(tx)


def run(source: Database, target: Database, **options) -> None:
    """One run of a copy."""
    with source.snapshot() as tx:
        transfer(tx, measured(tx), target, **options)


def found_in(database: Database) -> DatabaseSums:
    """What a database holds."""
    with database.snapshot() as tx:
        return measured(tx)


@pytest.mark.parametrize(("kind", "other"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_copy_holds_the_same_rows(make_database: MakeDatabase, kind: str, other: str):
    """From each kind to the other: numbers and sums of all tables are the same, and the copy is at this version's tables."""
    source, target = make_database(kind), make_database(other)
    before = filled(source)
    run(source, target)
    assert found_in(target) == before
    assert {one.rows for one in before.sums.values()} == {5}
    assert migrate.upgrade(target) is False


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_copy_continues_where_it_was_interrupted(
    sqlite_url: str, make_database: MakeDatabase, kind: str, monkeypatch: pytest.MonkeyPatch
):
    """Interrupted after every few batches: no row is copied twice, none is missing, and nothing uses the target meanwhile."""
    monkeypatch.setattr(rows, "BATCH", 2)
    target, runs, seen = make_database(kind), 0, 0

    def interrupt(_table: str, _rows: int) -> None:
        nonlocal seen
        seen += 1
        if seen % 40 == 0:
            raise Killed

    with closing(Database(sqlite_url)) as source:
        before = filled(source)
        while True:
            runs += 1
            try:
                run(source, target, watch=interrupt)
            except Killed:
                with pytest.raises(SetupError, match="interrupted"):
                    migrate.upgrade(target)
                continue
            break
    assert found_in(target) == before
    assert runs > 3
    assert seen == 3 * len(before.sums)  # three batches a table: none of them came twice


def test_a_copy_of_other_rows_begins_again(sqlite_url: str, make_database: MakeDatabase):
    """The source changed after the interruption: rows that were copied before are not trusted."""
    target = make_database("sqlite")

    def interrupt(table: str, _rows: int) -> None:
        if table == "people":
            raise Killed

    with closing(Database(sqlite_url)) as source:
        filled(source)
        with pytest.raises(Killed):
            run(source, target, watch=interrupt)
        with source.write() as tx:
            tx.execute(update(people).values(name="another"))
        run(source, target)
        assert found_in(target) == found_in(source)


def test_a_killed_process_leaves_a_copy_that_continues(sqlite_url: str, make_database: MakeDatabase):
    """SIGKILL in the middle, with nothing cleaned up."""
    target = make_database("sqlite")
    script = (
        "import os, signal, sys\n"
        "from broker.storage.engine import Database\n"
        "from broker.storage.transfer.copying import measured, transfer\n"
        "source, target = map(Database, sys.argv[1:])\n"
        "def watch(table, rows):\n"
        "    if table == 'people': os.kill(os.getpid(), signal.SIGKILL)\n"
        "with source.snapshot() as tx: transfer(tx, measured(tx), target, watch=watch)\n"
    )
    with closing(Database(sqlite_url)) as source:
        before = filled(source)
        done = subprocess.run([sys.executable, "-c", script, source.url, target.url], check=False)
        assert done.returncode == -9
        with target.read() as tx:
            assert is_unfinished(tx)
        run(source, target)
        assert found_in(target) == before


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_target_with_data_is_refused(sqlite_url: str, make_database: MakeDatabase, kind: str):
    """Only `replace` drops what is there."""
    target = make_database(kind)
    theirs = filled(target, 2)
    with closing(Database(sqlite_url)) as source:
        before = filled(source)
        with pytest.raises(Conflict, match="has data"):
            run(source, target)
        assert found_in(target) == theirs
        run(source, target, replace=True)
        assert found_in(target) == before


def test_what_arrives_changed_is_refused(sqlite_url: str, make_database: MakeDatabase):
    """A row that somebody alters in the target while it is copied."""
    target = make_database("sqlite")

    def alter(table: str, _rows: int) -> None:
        if table == "people":
            with target.write() as tx:
                tx.execute(update(people).values(name="another"))

    with closing(Database(sqlite_url)) as source:
        filled(source)
        with pytest.raises(Invalid, match="different: people"):
            run(source, target, watch=alter)
    with target.read() as tx:
        assert is_unfinished(tx)


def test_a_row_that_postgresql_does_not_take_is_named(sqlite_url: str, make_database: MakeDatabase):
    """SQLite does not limit the length of a text."""
    with closing(Database(sqlite_url)) as source:
        filled(source)
        with source.write() as tx:
            tx.execute(update(people).values(language="x" * 400))
        with pytest.raises(Invalid, match="a row of people"):
            run(source, make_database("postgresql"))


def test_a_database_of_a_later_version_is_refused(make_database: MakeDatabase):
    """Nobody here knows what its columns mean."""
    source = make_database("sqlite")
    with source.write() as tx:
        migrate.stamp(tx, "9999")
    with pytest.raises(Conflict, match="9999"):
        run(source, make_database("sqlite"))
