"""A node is killed (-9) before and after each commit of each journey and command: the person goes on at the other node.

The points are the commits themselves, found by counting them in the node (tests/deep/cluster/dying.py), not by time.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from broker.demo.cast import ADA
from broker.demo.process import BrokerProcess
from tests.deep.cluster.__main__ import running
from tests.deep.cluster.load import Load
from tests.deep.cluster.nodes import ClusterCast
from tests.deep.cluster.postgres import PostgresCluster

Both = tuple[PostgresCluster, ClusterCast]
WHEN = ("before", "after")
MOST = 60  # commits of one journey


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    """A cluster whose first node can be told where to die, and gets every request while it lives."""
    with running(0, dying="node1") as found:
        yield found


@pytest.fixture(scope="module")
def load(both: Both) -> Iterator[Load]:
    """People who play one journey at a time; at the end every promise is checked."""
    _, cast = both
    with Load(cast, people=0) as load:
        yield load
    load.verify()


def killed_at_each(cast: ClusterCast, load: Load, journey: str) -> int:
    """Play it again and again, with the first node killed one commit later each time; the number of kills."""
    numbers = itertools.count(1 + 1000 * sorted(JOURNEYS).index(journey))
    kills = 0
    for when in WHEN:
        for point in range(1, MOST):
            cast.broker.point.write_text(f"{when} {point}", "utf-8")
            JOURNEYS[journey](load, next(numbers))
            if cast.broker.point.exists():  # it has fewer commits
                cast.broker.point.unlink()
                break
            kills += 1
            cast.broker.running["node1"].wait()
            cast.broker.start_node("node1")
            cast.broker.wait_node("node1")
            cast.broker.wait_served_by("node1")
        else:
            raise AssertionError(f"{journey} has more than {MOST} commits")
    return kills


JOURNEYS = {
    "oidc": lambda load, number: load.sign_in(ADA, number),
}


@pytest.mark.parametrize("journey", JOURNEYS)
def test_each_commit_of_a_journey(both: Both, load: Load, journey: str):
    """Sign-in, code, userinfo and refreshes."""
    kills = killed_at_each(both[1], load, journey)
    assert kills > 10
    print(f"{journey}: killed at {kills} points")


def command(cast: ClusterCast, *words: str) -> int:
    """The exit status of `broker WORDS` in a process group of its own; its point is in the file."""
    line = [sys.executable, "-m", "tests.deep.cluster.dying", str(cast.broker.point), *words]
    environment = {**os.environ, "BROKER_HOME": str(cast.home)}
    return subprocess.run(line, env=environment, capture_output=True, check=False, timeout=120, start_new_session=True).returncode


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "rotate", "--now"),
        ("keys", "rotate", "--use", "saml"),
        ("maintain",),
        ("invite", "x@mailbox.example", "--no-mail"),
    ],
)
def test_each_commit_of_a_command(both: Both, load: Load, words: tuple[str, ...]):
    """A rotation, the housekeeping and an invitation: afterwards people sign in, and the same command succeeds."""
    _, cast = both
    for when in WHEN:
        for point in range(1, MOST):
            cast.broker.point.write_text(f"{when} {point}", "utf-8")
            status = command(cast, *words)
            left = cast.broker.point.exists()
            cast.broker.point.unlink(missing_ok=True)
            assert status == (0 if left else -signal.SIGKILL)
            load.sign_in(ADA, 5000)
            if left:
                break
    assert cast.broker.command(*words).returncode == 0


def test_each_commit_of_a_migration(both: Both):
    """A new database: whatever was done, the next node completes it, and both nodes can start on it."""
    cluster, cast = both
    for when in WHEN:
        for point in range(1, MOST):
            name = f"{when}_{point}"
            with cluster.connect("postgres") as connection:
                connection.execute(f"CREATE DATABASE {name} OWNER broker".encode())
            home = cast.home / "migrations" / name
            (home / "config").mkdir(parents=True)
            text = (cast.home / "config/broker.yaml").read_text("utf-8")
            (home / "config/broker.yaml").write_text(text.replace("/broker\n", f"/{name}\n"), "utf-8")
            cast.broker.point.write_text(f"{when} {point}", "utf-8")
            status = command(cast, "db", "upgrade", "--home", str(home))
            left = cast.broker.point.exists()
            cast.broker.point.unlink(missing_ok=True)
            assert status == (0 if left else -signal.SIGKILL)
            other = BrokerProcess(home, cast.at.broker, 0)
            other.run("db", "upgrade")
            other.run("keys", "init")
            if left:
                break
