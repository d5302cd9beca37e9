"""HT-17 with real processes: killed by SIGKILL at each point, two servers on one database, twenty inviters at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from broker.demo.serving import free_port
from broker.domain.invitation import Status
from broker.services.messages import outbox as rules
from broker.storage import tables as t
from tests.clock import Clock
from tests.journeys.world import SECRET, World, open_world
from tests.mail.dying import node
from tests.mail.server import MailServer
from tests.race import PARALLEL


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    """A real mail server."""
    server = MailServer(tmp_path)
    yield server
    server.close()


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock, server: MailServer) -> Iterator[World]:
    """Contoso, on each database, whose mails leave by SMTP."""
    for world in open_world(tmp_path / "home", database_url, clock):
        path = world.home / "config" / "broker.yaml"
        world.write("broker.yaml", path.read_text("utf-8") + f"mail: {{server: 'smtp://127.0.0.1:{server.port}'}}\n")
        yield world


def process(world: World, module: str, *words: str) -> subprocess.Popen[str]:
    """A process of its own at the world's home."""
    line = [sys.executable, "-m", f"tests.mail.{module}", str(world.home), str(world.clock()), *words]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed(world: World, point: str) -> None:
    """One node dies at a point."""
    child = process(world, "dying", point)
    _, complaint = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, complaint


def taken(server: MailServer) -> Counter[str]:
    """Message-ID -> how often the server accepted it."""
    return Counter(str(message["Message-ID"]) for message in server.taken)


def survivor(world: World) -> int:
    """Another node sends what is due now."""
    return node(world.broker, "never", world.clock()).deliver()


def unsent(world: World) -> int:
    """How many mails the database does not have as sent."""
    with world.broker.core.db.read() as tx:
        return tx.execute(select(func.count()).where(t.outbox.c.sent_at.is_(None))).scalar_one()


def until_it_serves(port: int) -> None:
    """Wait until a server answers."""
    patience = time.monotonic() + 60
    while time.monotonic() < patience:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nobody serves at {port}")


def test_killed_before_the_commit_of_the_invitation(world: World, server: MailServer) -> None:
    """HT-17: neither invitation nor mail nor guest: nothing was promised."""
    before = world.counts()
    killed(world, "invitation uncommitted")
    assert world.counts() == before
    assert survivor(world) == 0
    assert server.taken == []


@pytest.mark.parametrize(("point", "first"), [("leased, not connected", 0), ("accepted, not committed", 1), ("committed", 1)])
def test_killed_while_sending(world: World, server: MailServer, point: str, first: int) -> None:
    """HT-17: nothing is lost, no other node sends while the lease holds; a repeat only in the acceptance window, same Message-ID."""
    for number in range(3):
        world.invite(f"guest{number}@fabrikam.example", mail=True)
        world.clock.advance(1)
    killed(world, point)
    assert len(server.taken) == first
    assert survivor(world) == 0  # the dead node's lease holds
    world.clock.advance(rules.LEASE)
    survivor(world)
    repeats = 1 if point == "accepted, not committed" else 0
    assert sorted(taken(server).values()) == sorted([1] * (3 - repeats) + [2] * repeats)
    assert set(server.recipients) == {f"guest{number}@fabrikam.example" for number in range(3)}
    assert unsent(world) == 0


def test_killed_at_any_moment(world: World, server: MailServer) -> None:
    """HT-17: five nodes, each killed at a moment that nobody chose: every mail arrives, and a kill repeats one mail at most."""
    count, kills, dice = 60, 5, random.Random(17)
    for number in range(count):
        world.invite(f"guest{number}@fabrikam.example", mail=True)
    for _ in range(kills):
        child, before, patience = process(world, "dying", "never"), len(server.taken), time.monotonic() + 30
        while len(server.taken) == before and child.poll() is None and time.monotonic() < patience:
            time.sleep(0.002)
        time.sleep(dice.random() * 0.05)
        child.kill()
        child.communicate()
        world.clock.advance(rules.LEASE)
    survivor(world)
    found = taken(server)
    assert len(found) == count
    assert sum(found.values()) - count <= kills
    assert set(found.values()) <= set(range(1, kills + 2))


def test_two_servers_on_one_database(tmp_path: Path, postgresql_url: str, server: MailServer, clock: Clock) -> None:
    """HT-17, HT-3: two `broker serve` on one PostgreSQL, one mail server that takes its time: each mail leaves once."""
    count, invited = 240, 0
    for world in open_world(tmp_path / "home", postgresql_url, clock):
        clock.now = int(time.time())
        path = world.home / "config" / "broker.yaml"
        world.write("broker.yaml", path.read_text("utf-8") + f"mail: {{server: 'smtp://127.0.0.1:{server.port}'}}\n")
        environment = {**os.environ, "SECRET": SECRET, "BROKER_HOME": str(world.home)}
        ports = [free_port(), free_port()]
        nodes = [
            subprocess.Popen(
                [sys.executable, "-m", "broker", "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1"],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            for port in ports
        ]
        try:
            for port in ports:
                until_it_serves(port)
            while invited < count or (server.connections < 2 and invited < 5 * count):  # until both servers had work to do
                world.invite(f"guest{invited}@fabrikam.example", mail=True)
                invited += 1
            patience = time.monotonic() + 90
            while unsent(world) and time.monotonic() < patience:
                time.sleep(0.1)
            assert unsent(world) == 0  # what the database has as sent is not sent again
        finally:
            for one in nodes:
                one.terminate()
            for one in nodes:
                one.wait(20)
        assert taken(server).most_common(1)[0][1] == 1
        assert len(server.taken) == invited
        assert server.connections >= 2


def test_one_address_invited_by_twenty_processes(world: World) -> None:
    """IN-13, HT-3: twenty processes invite one address at once: one guest, one living link, all of them answered."""
    child = process(world, "inviting")
    said, complaint = child.communicate(timeout=120)
    answers = [json.loads(line) for line in said.splitlines()]
    assert len(answers) == PARALLEL, complaint
    assert len({person for person, _ in answers}) == 1, answers
    with world.broker.core.db.read() as tx:
        pending = tx.execute(select(t.invitations.c.id).where(t.invitations.c.status == Status.PENDING.value)).scalars().all()
        guests = tx.execute(select(func.count()).select_from(t.people)).scalar_one()
    assert (len(pending), guests) == (1, 1)
