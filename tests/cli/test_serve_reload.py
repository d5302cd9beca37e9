"""Partners come and go while `broker serve` runs; a broken file changes nothing (issue 4, HT-20)."""

from __future__ import annotations

import json
import os
import signal

from broker.settings.load import load
from broker.storage.engine import Database
from broker.storage.history import audit
from tests.attacks.wire import dial, receive
from tests.cli.conftest import ENVIRON, Serving


def digest(serving: Serving) -> str:
    """Of the files as they are now."""
    return load(serving.home, ENVIRON).digest


def events(serving: Serving, name: str) -> list[dict]:
    """The audit's events of one name, newest first."""
    database = Database(f"sqlite:///{serving.home}/var/broker.db")
    with database.read() as tx:
        found = audit.newest(tx, name=name)
    database.close()
    return found


def test_partners_come_and_go_and_a_broken_file_changes_nothing(serving: Serving) -> None:
    """A change of the folder is taken up by every worker; a broken one is told once, without values, and not used."""
    workers, first = serving.workers(), digest(serving)
    serving.write_partner("northwind")
    second = digest(serving)
    assert second != first
    assert serving.everywhere(config=second), serving.log()
    assert serving.until(lambda: bool(events(serving, "config.reloaded"))), serving.log()  # it is told after it is used

    broken = serving.write_partner("adatum", "colour: s3cret-value\n")
    assert serving.everywhere(config=second, refused=1), serving.log()
    assert [event["target"] for event in events(serving, "config.reloaded")] == [second]  # once, though two processes loaded it
    assert serving.until(lambda: "config.refused" in serving.log()), serving.log()
    assert "config/partners/adatum.yaml:7: colour" in serving.log()
    assert "s3cret-value" not in serving.log()
    (event,) = events(serving, "config.refused")
    assert event["data"]["errors"] == ["config/partners/adatum.yaml:7: colour"]
    assert "s3cret-value" not in json.dumps(event["data"])

    broken.unlink()
    (serving.home / "config" / "partners" / "northwind.yaml").unlink()
    assert serving.everywhere(config=first, refused=0), serving.log()
    assert serving.log().count("config.refused") == 1  # once, though two processes refused it
    assert serving.workers() == workers


def test_hup_and_a_worker_that_dies_while_files_are_broken(serving: Serving) -> None:
    """SIGHUP replaces no worker; a worker that starts while the files are broken uses the last good ones, and the server lives."""
    workers, first = serving.workers(), digest(serving)
    path = serving.write_partner("northwind", "colour: red\n")
    os.kill(serving.process.pid, signal.SIGHUP)
    assert serving.everywhere(refused=1), serving.log()
    assert serving.workers() == workers
    lost = min(workers)
    assert serving.until(lambda: serving.figure("broker_workers") == 2), serving.log()
    answered = serving.figure('broker_responses_total{status="200"}')
    os.kill(lost, signal.SIGKILL)
    assert serving.until(lambda: len(serving.workers()) == 2 and lost not in serving.workers()), serving.log()
    assert serving.everywhere(config=first), serving.log()
    assert serving.figure("broker_worker_starts_total") == 3  # what the dead one counted stays, whichever worker is asked
    assert serving.figure('broker_responses_total{status="200"}') > answered > 0
    assert serving.until(lambda: serving.figure("broker_config_errors") == 2), serving.log()  # one in each worker
    path.unlink()
    serving.write_partner("northwind")
    begun = [dial(serving.port) for _ in range(8)]  # no request is dropped by a reload
    for sock in begun:
        sock.sendall(f"GET /jwks HTTP/1.1\r\nHost: localhost:{serving.port}\r\nConnection: close\r\n".encode())
    for pid in (serving.process.pid, *serving.workers()):  # a supervisor that signals the whole group does no harm either
        os.kill(pid, signal.SIGHUP)
    second = digest(serving)
    assert serving.everywhere(config=second), serving.log()
    for sock in begun:
        with sock:
            sock.sendall(b"\r\n")
            assert receive(sock).status == 200


def test_issuer_and_database_wait_for_a_restart(serving: Serving) -> None:
    """What cookies, tokens and connections stand on stays until the restart; the log names the keys, not the values."""
    path = serving.home / "config" / "broker.yaml"
    first = digest(serving)
    text = path.read_text()
    serving.write(path, text.replace("broker.db", "other.db").replace("localhost", "127.0.0.1"))
    os.kill(serving.process.pid, signal.SIGHUP)  # they look at once
    assert serving.everywhere(config=first, refused=2), serving.log()
    assert serving.until(lambda: "config/broker.yaml:1: issuer; config/broker.yaml:3: database" in serving.log()), serving.log()
    assert "other.db" not in serving.log()


def test_a_node_with_other_files_is_named(serving: Serving) -> None:
    """HT-20: /readyz and doctor name processes whose config digest differs."""
    database = Database(f"sqlite:///{serving.home}/var/broker.db")
    from broker.storage.operations import rate_limits

    with database.write() as tx:
        rate_limits.note_node(tx, "elsewhere:7", "0123456789abcdef", 4_000_000_000)
    database.close()
    assert serving.ready()["differing"] == {"elsewhere:7": "0123456789abcdef"}
