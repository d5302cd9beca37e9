"""A process that serves: it takes up changed files, tells refused ones once, says that it lives, and keeps house in its turn."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from broker.services.core import Core
from broker.services.operations import background
from broker.services.operations.background import Background, guarded
from broker.services.operations.nodes import LIFETIME, Nodes, host_name, own_name
from broker.services.operations.reload import Reload
from broker.settings.reload import CurrentSettings
from broker.storage.engine import Database
from broker.storage.history import audit
from broker.storage.operations import rate_limits
from tests.clock import Clock
from tests.settings.homes import ENVIRON, PARTNER, good, write


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one file of each kind."""
    return good(tmp_path / "home")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Each test on SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.close()


def northwind(more: str = "") -> str:
    """A second partner's file."""
    text = PARTNER.replace("fabrikam.example]", "northwind.example]").replace("login.fabrikam", "login.northwind")
    return text + more


def events(database: Database, name: str) -> list[dict[str, Any]]:
    """The audit's events of one name."""
    with database.read() as tx:
        return audit.newest(tx, name=name)


def test_a_change_is_taken_up_and_told_once(
    home: Path, database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 4: two processes of a node load the files; log and audit say so once, with the digest."""
    processes = [CurrentSettings(home, ENVIRON) for _ in range(2)]
    before = processes[0].get().digest
    reloads = [Reload(Core(database, clock, current.get), current) for current in processes]
    assert all(reload.look() for reload in reloads)
    assert events(database, "config.reloaded") == []
    write(home, {"config/partners/northwind.yaml": northwind()})
    assert all(reload.look() for reload in reloads)
    assert {"fabrikam", "northwind"} == set(processes[1].get().partners)
    (event,) = events(database, "config.reloaded")
    assert event["target"] == processes[0].get().digest != before
    assert event["data"] == {"node": host_name(), "before": before}
    assert caplog.text.count("config.reloaded") == 1


def test_a_broken_file_is_told_once_and_without_values(
    home: Path, database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """CF-02, CF-09: FILE:LINE: key and no more; the old set stays; it is told again when the files change again."""
    current = CurrentSettings(home, ENVIRON)
    before = current.get()
    reload = Reload(Core(database, clock, current.get), current)
    write(home, {"config/partners/northwind.yaml": northwind("colour: s3cret\n\x07odd: s3cret\n")})
    for _ in range(3):
        assert not reload.look()
    assert not reload.look(at_once=True)
    assert current.get() is before
    assert caplog.text.count("config.refused") == 1
    write(home, {"config/partners/northwind.yaml": northwind("colour: s3cret\n")})
    assert not reload.look()
    told = events(database, "config.refused")
    assert len(told) == 2
    newest = next(event for event in told if event["data"]["errors"] == ["config/partners/northwind.yaml:7: colour"])
    assert newest["data"]["count"] == 1
    assert newest["target"] == before.digest
    assert "s3cret" not in caplog.text + json.dumps([event["data"] for event in told])
    assert "\x07" not in caplog.text
    (home / "config/partners/northwind.yaml").unlink()
    assert reload.look()
    assert current.errors == ()


def test_what_a_process_stands_on_waits_for_a_restart(home: Path, database: Database, clock: Clock) -> None:
    """The issuer and the database stay, and with them the whole old set: all or nothing."""
    current = CurrentSettings(home, ENVIRON)
    path = home / "config/broker.yaml"
    path.write_text(path.read_text().replace("login.contoso.example", "other.contoso.example") + "database: sqlite:///var/x.db\n")
    write(home, {"config/partners/northwind.yaml": northwind()})
    assert not Reload(Core(database, clock, current.get), current).look()
    assert [error.key for error in current.errors] == ["issuer", "database"]
    assert all("restart" in error.message for error in current.errors)
    assert set(current.get().partners) == {"fabrikam"}


def test_a_database_that_is_away_keeps_no_change_back(
    home: Path, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The files count all the same, and the log says what the audit cannot."""
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    current = CurrentSettings(home, ENVIRON)
    write(home, {"config/partners/northwind.yaml": northwind()})
    assert Reload(Core(empty, clock, current.get), current).look()
    assert "northwind" in current.get().partners
    assert "config.not_audited error=OperationalError" in caplog.text
    assert "config.reloaded" in caplog.text
    empty.close()


def test_nodes_say_which_files_they_use(home: Path, database: Database, clock: Clock) -> None:
    """HT-20: a note holds a minute; another digest is named, the own one is not."""
    current = CurrentSettings(home, ENVIRON)
    nodes = Nodes(Core(database, clock, current.get))
    nodes.note()
    nodes.note()
    with database.write() as tx:
        rate_limits.note_node(tx, "elsewhere:7", "0123456789abcdef", clock() + 10)
        assert rate_limits.take_lease(tx, "maintain", own_name(), clock(), 60)
    assert nodes.seen() == {own_name(): current.get().digest, "elsewhere:7": "0123456789abcdef"}
    assert nodes.differing() == {"elsewhere:7": "0123456789abcdef"}
    write(home, {"config/partners/northwind.yaml": northwind()})
    current.refresh()
    nodes.note()  # a digest that changed is noted although the old note still holds
    assert nodes.seen()[own_name()] == current.get().digest
    clock.advance(LIFETIME)
    assert nodes.seen() == {}


class Recorder:
    """Stands where Reload, Nodes and Housekeeping stand, and counts."""

    def __init__(self) -> None:
        self.looks: list[bool] = []
        self.notes = 0
        self.turns = 0

    def look(self, *, at_once: bool = False) -> bool:
        self.looks.append(at_once)
        if len(self.looks) == 1:
            raise OSError("secret")
        return True

    def note(self) -> None:
        self.notes += 1

    def turn(self) -> None:
        self.turns += 1


class Postman:
    """Counts its rounds."""

    def __init__(self) -> None:
        self.rounds = 0

    def look(self) -> bool:
        """One round; there is always more."""
        self.rounds += 1
        return True


def until(what: Callable[[], bool]) -> bool:
    """Wait a little until it is so."""
    end = time.monotonic() + 5
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    return what()


def test_the_threads_of_a_process(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The files are looked at again and again, at once when woken; a failure ends no thread; all end with the process."""
    monkeypatch.setattr(background, "WATCH", 0.05)
    monkeypatch.setattr(background, "KEEP_HOUSE", 0.05)
    monkeypatch.setattr(background, "POST", 0.05)
    monkeypatch.setattr(background, "JOBS", 0.05)
    recorder: Any = Recorder()
    postman: Any = Postman()
    jobs: Any = Postman()
    wake: SimpleQueue[None] = SimpleQueue()
    working = Background(recorder, recorder, recorder, postman, postman, postman, jobs, wake)
    working.start()
    assert until(lambda: len(recorder.looks) > 2 and recorder.turns > 1 and postman.rounds > 1 and jobs.rounds > 1)
    assert "background.failed what=reload error=OSError" in caplog.text
    assert "secret" not in caplog.text
    assert recorder.notes == 1
    wake.put(None)
    assert until(lambda: True in recorder.looks and recorder.notes == 2)
    names = {"watch", "keep_house", "post", "tell", "notify", "continue"}
    mine = [thread for thread in threading.enumerate() if thread.name in names]
    assert len(mine) == 6
    assert all(thread.daemon for thread in mine)
    working.stop()
    assert until(lambda: not any(thread.is_alive() for thread in mine))


def test_a_failure_is_told_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    """LP-01: the text of an exception may hold values."""

    def fail() -> None:
        raise ValueError("password=secret")

    guarded("x", fail)
    assert "error=ValueError" in caplog.text
    assert "secret" not in caplog.text
