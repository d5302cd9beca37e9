"""A home and a `broker serve` of its own: real processes, real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.demo.serving import free_port
from broker.keyring.root import create_root

PARTNER = "name: {name}\ndomains: [{id}.example]\noidc:\n  issuer: https://login.{id}.example\n  client_id: contoso\n  client_secret: ${{env:SECRET}}\n"
WORKERS = 2  # of `broker serve` where nothing else is asked for
ENVIRON = {"SECRET": "only-for-tests-0123456789-abcdefgh"}


@dataclass
class Serving:
    """One `broker serve` with two workers."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    def write_partner(self, partner: str, more: str = "") -> Path:
        """A partner's file."""
        text = PARTNER.format(name=partner.title(), id=partner) + more
        return self.write(self.home / "config" / "partners" / f"{partner}.yaml", text)

    def write(self, path: Path, text: str) -> Path:
        """A file of the config in one step: a worker that looks meanwhile sees no half of it."""
        new = self.home / "new"
        new.write_text(text, "utf-8")
        return new.replace(path)

    def ready(self) -> dict[str, Any]:
        """The body of /readyz, of whichever worker answers; empty if nobody does."""
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}/readyz", timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (urllib.error.URLError, OSError):
            return {}

    def figure(self, name: str) -> float:
        """A sample of /metrics, of all workers together; 0 if there is none."""
        with urllib.request.urlopen(f"http://localhost:{self.port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)

    def until(self, what: Callable[[], bool], seconds: float = 20) -> bool:
        """Wait until it is so; a server that ended is not waited for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if what():
                return True
            time.sleep(0.1)
        return False

    def everywhere(self, seconds: float = 40, **members: object) -> bool:
        """Wait until the newest /readyz of each worker has these members. Workers take turns as the system likes, so each is waited for by its name."""
        newest: dict[int, dict[str, Any]] = {}

        def so() -> bool:
            if body := self.ready():
                newest[int(body["node"].rpartition(":")[2])] = body
            own = self.workers()
            return len(own) == WORKERS and all(members.items() <= newest.get(pid, {}).items() for pid in own)

        return self.until(so, seconds)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `broker WORDS` at this home."""
        return run(self.home, *words)

    def log(self) -> str:
        """What the server wrote."""
        return (self.home / "log").read_text("utf-8", "replace")

    def workers(self) -> set[int]:
        """The process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}


def environment(home: Path) -> Mapping[str, str]:
    """Of every process at this home."""
    return {**os.environ, **ENVIRON, "BROKER_HOME": str(home)}


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `broker WORDS` at a home."""
    line = [sys.executable, "-m", "broker", *words]
    return subprocess.run(line, env=environment(home), capture_output=True, text=True, check=False, timeout=60)


def make_home(folder: Path, sqlite_url: str) -> Path:
    """A company with one partner and a database."""
    config = folder / "config"
    for name in ("partners", "applications"):
        (config / name).mkdir(parents=True)
    (config / "broker.yaml").write_text(
        f"issuer: http://localhost:{free_port()}\norganization: {{name: Contoso}}\ndatabase: {sqlite_url}\n", "utf-8"
    )
    (config / "partners" / "fabrikam.yaml").write_text(PARTNER.format(name="Fabrikam", id="fabrikam"), "utf-8")
    (folder / "keys").mkdir()
    create_root(folder / "keys")
    return folder


@contextmanager
def serve(home: Path, *words: str) -> Iterator[Serving]:
    """A server of this home that is ready. words: further options of `broker serve`."""
    port = int((home / "config" / "broker.yaml").read_text().split("localhost:")[1].split("\n")[0])
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "broker", "serve", "--bind", f"127.0.0.1:{port}", *words],
            env=environment(home),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    serving = Serving(home, port, process)
    try:
        assert serving.until(lambda: bool(serving.ready()), 40), serving.log()
        yield serving
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str) -> Path:
    """A company with one partner and a database."""
    return make_home(tmp_path, sqlite_url)


@pytest.fixture
def serving(home: Path) -> Iterator[Serving]:
    """A server that is ready."""
    with serve(home) as started:
        yield started
