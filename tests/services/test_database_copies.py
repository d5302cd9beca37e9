"""Backup, restore, copy and what follows them, by the commands (HT-14)."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from broker.app import build
from broker.cli import broker
from broker.domain.audit import Actor
from broker.domain.expiry_rules import Rules
from broker.domain.guest import GuestState
from broker.domain.guest_states import Act
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.services.guests import acts
from broker.services.guests.transitions import remove
from broker.services.history.audit_chain import AuditChain
from broker.services.operations.database_copies import back_up
from broker.storage import migrate
from broker.storage.directory import people
from broker.storage.engine import Database
from broker.storage.factors import factors
from broker.storage.login import invitations
from broker.storage.tables import people as people_table
from broker.storage.transfer import backup_file
from broker.storage.transfer.copying import measured
from tests import factories
from tests.clock import START, Clock
from tests.postgres import Server
from tests.storage.filled import fill

Run = Callable[..., Result]
ACTOR, RULES = Actor.command("test@here"), Rules()


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str) -> Path:
    """An installation on SQLite with tables, and a root key."""
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    (home / "keys").mkdir(mode=0o700)
    create_root(home / "keys")
    use(home, sqlite_url)
    return home


def use(home: Path, url: str) -> None:
    """Another database."""
    (home / "config/broker.yaml").write_text(f"issuer: https://login.contoso.example\ndatabase: {url}\n")


@pytest.fixture
def run(home: Path) -> Run:
    """`broker db WORDS` at the home, in this process."""
    return lambda *words: CliRunner().invoke(broker, ["db", *map(str, words), "--home", str(home)])


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """The home's database."""
    with closing(Database(sqlite_url)) as found:
        yield found


def state_of(database: Database, person: str) -> GuestState:
    """The state of a guest."""
    with database.read() as tx:
        found = people.by_id(tx, person)
    assert found is not None
    return found.state


def test_a_backup_is_one_state_of_a_serving_database(database_url: str, tmp_path: Path):
    """What is written while the backup runs is not in it; the file is for its owner alone, and complete."""
    file = tmp_path / "backup.db"
    with closing(Database(database_url)) as database:
        with database.write() as tx:
            fill(tx, 3)
            before = measured(tx)

        def change(_table: str, _rows: int) -> None:
            with database.write() as tx:
                tx.execute(update(people_table).values(name="changed meanwhile"))

        done = back_up(database, file, Clock(), change)
    assert done.rows == 3 * len(before.sums)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("backup")] == ["backup.db"]
    with backup_file.opened(file) as (_, found, made_at):
        assert (found, made_at) == (before, START)


def test_a_name_that_would_be_read_as_an_address_is_refused(run: Run, tmp_path: Path):
    """A ? begins the options of SQLite's address: the rows would go into another file, and the backup would be empty."""
    done = run("backup", tmp_path / "state?.db")
    assert (done.exit_code, done.stderr) == (1, f"{tmp_path}/state?.db has a ? in its path; choose another name\n")
    assert not list(tmp_path.glob("state*"))


def test_no_root_key_is_in_a_backup(home: Path, run: Run, tmp_path: Path):
    """The keys are apart: neither the file of the root key nor its secret."""
    assert run("backup", tmp_path / "backup.db").exit_code == 0
    (key,) = (home / "keys").glob("*.key")
    content = (tmp_path / "backup.db").read_bytes()
    words = [word for word in key.read_text().split() if len(word) > 20]
    assert words
    assert not any(word.encode() in content for word in words)


def test_restore_over_data_only_if_asked(run: Run, database: Database, tmp_path: Path):
    """Without --replace nothing changes; with it, the backup is there and nothing of it can be replayed."""
    file = tmp_path / "backup.db"
    with database.write() as tx:
        kept = factories.saved_person(tx)
        invitations.add(tx, factories.invitation(kept.id), "a" * 64)
    assert run("backup", file).exit_code == 0
    with database.write() as tx:
        later = factories.saved_person(tx)
    refused = run("restore", file)
    assert (refused.exit_code, refused.stderr) == (1, "the target database has data; --replace drops it\n")
    assert state_of(database, later.id) is GuestState.ACTIVE
    done = json.loads(run("restore", file, "--replace", "--json").stdout)
    assert done["ended"]["invitations"] == 1
    assert done["tables"]["people"]["rows"] == 1
    with database.read() as tx:
        assert people.by_id(tx, later.id) is None


@pytest.mark.parametrize("damage", ["row", "cut", "none"])
def test_a_file_that_is_not_a_whole_backup_is_refused(run: Run, database: Database, tmp_path: Path, damage: str):
    """A row that was altered, a file that was cut, another file: one line, and the database is untouched."""
    file = tmp_path / "backup.db"
    with database.write() as tx:
        fill(tx, 2)
        before = measured(tx)
    assert run("backup", file).exit_code == 0
    if damage == "row":
        with closing(sqlite3.connect(file)) as altered, altered:
            altered.execute("UPDATE people SET name = 'Eve'")
    else:
        file.write_bytes(file.read_bytes()[:9000] if damage == "cut" else b"no database")
    refused = run("restore", file, "--replace")
    assert refused.exit_code == 1
    assert "damaged" in refused.stderr
    assert refused.stderr.count("\n") == 1
    with database.snapshot() as tx:
        assert measured(tx) == before


def test_a_backup_of_an_earlier_version_is_upgraded(run: Run, database: Database, tmp_path: Path):
    """The file has the tables of its time; the restored database has this version's."""
    file = tmp_path / "backup.db"
    with closing(Database(f"sqlite:///{tmp_path}/old.db")) as old:
        with old.write() as tx:
            migrate.build(tx, "0040")
            fill(tx, 2)
        back_up(old, file, Clock(), lambda _table, _rows: None)
    assert run("restore", file).exit_code == 0
    assert migrate.current(database) == migrate.head()
    with database.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM people").scalar_one() == 2


def test_access_that_ended_after_the_backup_ends_again(home: Path, run: Run, database: Database, tmp_path: Path):
    """Blocked, expired and deleted since, by an export of the audit; a guest who was unblocked again is left as in the backup."""
    file, export = tmp_path / "backup.db", tmp_path / "audit.jsonl"
    chain = AuditChain(database, Clock(), Sealer(load_roots(home / "keys")), lambda: 400 * 86_400)
    with database.write() as tx:
        blocked, expired, deleted, freed, other = (factories.saved_person(tx) for _ in range(5))
        acts.change(tx, ACTOR, other, Act.BLOCK, START, RULES)
    chain.chain()
    assert run("backup", file).exit_code == 0
    with database.write() as tx:
        acts.change(tx, ACTOR, blocked, Act.BLOCK, START, RULES)
        acts.change(tx, ACTOR, expired, Act.EXPIRE, START, RULES, values={"expires_at": START})
        again = acts.change(tx, ACTOR, freed, Act.BLOCK, START, RULES)
        acts.change(tx, ACTOR, again, Act.UNBLOCK, START + 1, RULES)
    chain.chain()
    with database.write() as tx:
        remove(tx, ACTOR, deleted, START, reason="left")  # has no number yet
    export.write_text(CliRunner().invoke(broker, ["audit", "export", "--home", str(home)]).stdout)
    done = json.loads(run("restore", file, "--replace", "--audit", export, "--json").stdout)["ended"]
    assert set(done["ended_again"]) == {blocked.id, expired.id, deleted.id}
    assert done["deleted_since"] == [deleted.id]
    assert done["events_since"]["guest.blocked"] == 2
    ended = {blocked.id: GuestState.BLOCKED, expired.id: GuestState.EXPIRED, deleted.id: GuestState.BLOCKED}
    assert {person: state_of(database, person) for person in ended} == ended
    assert [state_of(database, freed.id), state_of(database, other.id)] == [GuestState.ACTIVE, GuestState.BLOCKED]
    assert f"broker guests delete {deleted.id}" in run("restored", "--audit", export).stdout


def test_a_method_that_was_removed_after_the_backup_is_removed_again(home: Path, run: Run, database: Database, tmp_path: Path):
    """HT-14: a stolen phone opens nothing again; a method that nobody removed stays."""
    file, export = tmp_path / "backup.db", tmp_path / "audit.jsonl"
    with database.write() as tx:
        ada, bo = factories.saved_person(tx), factories.saved_person(tx)
        lost, kept, bos = (factories.factor(person.id) for person in (ada, ada, bo))
        for one in (lost, kept, bos):
            factors.add(tx, one)
    assert run("backup", file).exit_code == 0
    with closing(build(home)) as built:
        built.factors.removal.remove(ACTOR, ada.id, lost.id, {"app"})
        built.factors.reset.reset(ACTOR, bo.id)
        built.history.audit_chain.chain()
    export.write_text(CliRunner().invoke(broker, ["audit", "export", "--home", str(home)]).stdout)
    done = json.loads(run("restore", file, "--replace", "--audit", export, "--json").stdout)["ended"]
    assert done["methods_removed_again"] == 2
    with database.read() as tx:
        assert [[one.id for one in factors.of_person(tx, person.id)] for person in (ada, bo)] == [[kept.id], []]


def test_an_altered_export_ends_nothing(home: Path, run: Run, database: Database, tmp_path: Path):
    """Nobody gets a guest blocked by a file that they wrote."""
    file, export = tmp_path / "backup.db", tmp_path / "audit.jsonl"
    chain = AuditChain(database, Clock(), Sealer(load_roots(home / "keys")), lambda: 400 * 86_400)
    with database.write() as tx:
        ada, bo = factories.saved_person(tx), factories.saved_person(tx)
    assert run("backup", file).exit_code == 0
    with database.write() as tx:
        acts.change(tx, ACTOR, ada, Act.BLOCK, START, RULES)
    chain.chain()
    text = CliRunner().invoke(broker, ["audit", "export", "--home", str(home)]).stdout
    export.write_text(text.replace(ada.id, bo.id))
    refused = run("restored", "--audit", export)
    assert refused.exit_code == 1
    assert "is not what was written" in refused.stderr
    assert state_of(database, bo.id) is GuestState.ACTIVE


def test_copy_to_postgresql_and_back(
    home: Path, run: Run, database: Database, sqlite_url: str, postgres: Server, monkeypatch: pytest.MonkeyPatch
):
    """The move to PostgreSQL, and the way back; the copy's audit says who made it."""
    url = postgres.create_database()
    try:
        with database.write() as tx:
            fill(tx, 3)
        assert "same database" in run("copy", sqlite_url).stderr
        monkeypatch.setenv("BROKER_COPY_TO", url)
        there: dict[str, Any] = json.loads(run("copy", "--json").stdout)
        use(home, url)
        back = json.loads(run("copy", f"{sqlite_url}.back", "--json").stdout)
    finally:
        postgres.drop_database(url)
    same = [name for name in there["tables"] if name != "audit"]
    assert [there["tables"][name] for name in same] == [back["tables"][name] for name in same]
    assert back["tables"]["audit"]["rows"] == 4


def test_preflight_migrates_only_the_copy(home: Path, run: Run, tmp_path: Path):
    """It names each migration with its time; the database stays as it is, and nothing is left of the copy."""
    url = f"sqlite:///{tmp_path}/state/old.db"
    use(home, url)
    with closing(Database(url)) as old:
        with old.write() as tx:
            migrate.build(tx, "0046")
            fill(tx, 2)
            before = measured(tx)
        done = json.loads(run("preflight", "--json").stdout)
        with old.snapshot() as tx:
            assert measured(tx) == before
    assert (done["ok"], done["before"], done["after"]) == (True, "0046", migrate.head())
    assert [one["revision"] for one in done["migrations"]] == [one for one in migrate.revisions() if one > "0046"]
    assert not [path for path in (tmp_path / "state").iterdir() if "preflight" in path.name]
    assert "the copy is right" in run("preflight").stdout


def test_preflight_reports_what_is_wrong(run: Run, monkeypatch: pytest.MonkeyPatch):
    """A copy that is not right after the migrations: exit status 1, and a line that says what."""
    monkeypatch.setattr("broker.services.operations.preflight.differences", lambda _tx: ["the tables differ: add_column"])
    done = run("preflight")
    assert (done.exit_code, done.stderr) == (1, "the tables differ: add_column\n")


@pytest.mark.parametrize("command", ["preflight", "backup"])
def test_a_table_that_was_changed_by_hand_is_named(run: Run, database: Database, tmp_path: Path, command: str):
    """A column that no migration knows would be lost in the copy."""
    with database.write() as tx:
        tx.exec_driver_sql("ALTER TABLE people ADD COLUMN shoe_size INTEGER")
    done = run(command, *([tmp_path / "backup.db"] if command == "backup" else []))
    assert done.exit_code == 1
    assert done.stderr.endswith(": people.shoe_size\n")
    assert not list(tmp_path.glob("backup.db*"))


def test_preflight_on_postgresql_needs_an_empty_database(home: Path, run: Run, sqlite_url: str, postgresql_url: str):
    """It makes none by itself, uses none of another kind, and never the database itself."""
    use(home, postgresql_url)
    assert run("preflight").exit_code == 2
    assert run("preflight", "--copy", f"{sqlite_url}.copy").exit_code == 2
    assert "another database" in run("preflight", "--copy", postgresql_url).stderr
