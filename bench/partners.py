"""The same login with ten and with ten thousand partner files, and how long the files take to load. Prints JSON.

    .venv/bin/python bench/partners.py [--logins 100] [--partners 10,10000]

start_s: from the command to the first answer, every file read. worker_s: from the end of all workers to the answer of new
ones, which begin with what the master has read. idle_cpu_ms_per_s: looking whether the files changed, over all processes;
a login's figures are without it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from oidc_login import children, cpu, fresh

from broker.demo import process
from broker.demo.cast import ADA, Cast
from broker.demo.person import DemoPerson
from broker.demo.relying import call

IDLE = 10  # seconds
TURNS = 10
PARTNER = """\
name: Partner {n}
domains: [p{n}.example]
oidc:
  issuer: https://login.p{n}.example
  client_id: contoso-broker
  client_secret: ${{file:secrets/fabrikam}}
trust:
  email: true
"""


def run(sizes: list[int], logins: int) -> dict[int, dict[str, float]]:
    """Figures of brokers with so many partners. They live side by side and are measured in turns, so that a busy machine is busy for all."""
    process.START_SECONDS, process.COMMAND_SECONDS = 600, 600
    figures: dict[int, dict[str, float]] = {}
    with ExitStack() as stack:
        casts: dict[int, Cast] = {}
        for size in sizes:
            started = time.perf_counter()
            casts[size] = stack.enter_context(prepared(Path(stack.enter_context(tempfile.TemporaryDirectory())), size))
            figures[size] = {"start_s": round(time.perf_counter() - started, 2)}
        idle = {}
        for size, cast in casts.items():
            ada = DemoPerson(ADA.email, ADA.subject)
            ada.open(cast.invite(ADA)["redeem_url"])
            for _ in range(10):
                fresh(cast)
            idle[size] = quiet(cast.broker.pid)
        turns: dict[int, list[float]] = {size: [] for size in sizes}
        for _ in range(TURNS):
            for size, cast in casts.items():
                turns[size].append(turn(cast, max(logins // TURNS, 1), idle[size]))
        for size, cast in casts.items():
            figures[size] |= {
                "worker_s": replaced(cast),
                "idle_cpu_ms_per_s": round(idle[size] * 1000, 1),
                "login_cpu_ms": round(statistics.median(turns[size]), 2),
                "login_best_cpu_ms": round(min(turns[size]), 2),
            }
    return figures


def prepared(home: Path, partners: int) -> Cast:
    """The cast with so many partner files."""
    cast = Cast(home, 0)
    files = home / "config" / "partners"
    for n in range(partners - len(list(files.iterdir()))):
        (files / f"p{n}.yaml").write_text(PARTNER.format(n=n))
    return cast


def turn(cast: Cast, logins: int, idle: float) -> float:
    """Milliseconds of CPU a login, without what is spent anyway."""
    before, started = cpu(cast.broker.pid), time.perf_counter()
    for _ in range(logins):
        fresh(cast)
    spent: float = cpu(cast.broker.pid) - before - idle * (time.perf_counter() - started)
    return spent / logins * 1000


def quiet(pid: int) -> float:
    """Seconds of CPU a second while nobody asks."""
    before = cpu(pid)
    time.sleep(IDLE)
    spent: float = cpu(pid) - before
    return spent / IDLE


def replaced(cast: Cast) -> float:
    """Seconds until new workers answer."""
    old = children(cast.broker.pid)
    started = time.perf_counter()
    for pid in old:
        os.kill(pid, signal.SIGTERM)
    while set(old) & set(children(cast.broker.pid)) or call("GET", f"{cast.at.broker}/readyz")[0] != 200:
        time.sleep(0.02)
    return round(time.perf_counter() - started, 2)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logins", type=int, default=100)
    parser.add_argument("--partners", default="10,10000")
    asked = parser.parse_args()
    print(json.dumps(run([int(size) for size in asked.partners.split(",")], asked.logins), indent=2))


if __name__ == "__main__":
    main()
