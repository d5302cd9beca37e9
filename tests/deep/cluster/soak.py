"""`make soak`: people at a cluster for an hour (`--minutes N`), with reloads and rotations; at the end nothing has grown that must not.

Measured every few seconds after a quarter of the time: resident memory and open files of the nodes' processes, and the rows of each table.
Rows of sign-ins are kept a day by design, so of tables the growth per sign-in is compared, of the second half with the first.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from psycopg.sql import SQL, Identifier

from tests.deep.cluster.__main__ import running
from tests.deep.cluster.load import Load
from tests.deep.cluster.nodes import ClusterCast
from tests.deep.cluster.postgres import PostgresCluster

EVERY = 10.0  # seconds between two measurements
MEMORY, FILES, ROWS = 1.15, 1.25, 1.5  # the second half may have so many times the first
SLACK = {"memory": 16 * 2**20, "files": 16}
FEW_ROWS = 100  # a table that grew by less in a half is not judged


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement. memory: bytes; files: open handles; size: of the database, bytes; rows: by table; sign_ins: until now."""

    memory: int
    files: int
    size: int
    rows: dict[str, int]
    sign_ins: int


def processes(cast: ClusterCast) -> Iterator[Path]:
    """The folder in /proc of each node's master and of its workers."""
    for process in cast.broker.running.values():
        yield Path(f"/proc/{process.pid}")
        for number in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            yield Path(f"/proc/{number}")


def sample(cluster: PostgresCluster, cast: ClusterCast, load: Load) -> Sample:
    """Measure now."""
    found = list(processes(cast))
    pages = sum(int((one / "statm").read_text().split()[1]) for one in found)
    files = sum(len(list((one / "fd").iterdir())) for one in found)
    with closing(cluster.connect("broker")) as connection:
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        count = SQL("SELECT count(*) FROM {}")
        rows = {name: int((connection.execute(count.format(Identifier(name))).fetchone() or (0,))[0]) for name in tables}
        size = int((connection.execute("SELECT pg_database_size('broker')").fetchone() or (0,))[0])
    return Sample(pages * 4096, files, size, rows, load.counts["sign-ins"])


def disturb(cast: ClusterCast, number: int) -> None:
    """A changed file at every second measurement, a new signing key at every sixth, the housekeeping in between."""
    if number % 2 == 0:
        file = cast.home / "config" / "policies" / "soak.yaml"
        state = "report_only" if number % 4 else "disabled"
        file.write_text(
            f"name: Soak\nstate: {state}\nusers: {{include: {{guests: all}}}}\napplications: {{include: all}}\ngrant: {{block: true}}\n"
        )
    elif number % 6 == 1:
        cast.broker.run("keys", "rotate", "--now")
    else:
        cast.broker.run("maintain")


def grown(samples: list[Sample]) -> list[str]:
    """What is not flat, one line each."""
    half = len(samples) // 2
    first, second = samples[:half], samples[half:]
    found = []
    for name, limit in (("memory", MEMORY), ("files", FILES)):
        before, after = (mean(getattr(one, name) for one in part) for part in (first, second))
        if after > before * limit + SLACK[name]:
            found.append(f"{name}: {before:.0f} in the first half, {after:.0f} in the second")
    for table in samples[0].rows:
        rates = []
        for part in (samples[: half + 1], samples[half:]):
            more = part[-1].rows[table] - part[0].rows[table]
            rates.append((more, more / max(1, part[-1].sign_ins - part[0].sign_ins)))
        if rates[1][0] > FEW_ROWS and rates[1][1] > rates[0][1] * ROWS:
            found.append(f"{table}: {rates[0][1]:.2f} rows a sign-in in the first half, {rates[1][1]:.2f} in the second")
    return found


def main(minutes: float) -> int:
    """The exit status: 0 if no answer was unexplained, every promise holds and nothing grew."""
    samples: list[Sample] = []
    with running(0) as (cluster, cast):
        with Load(cast) as load:
            begin, number = time.monotonic(), 0
            while time.monotonic() < begin + 60 * minutes and not load.findings:
                number += 1
                disturb(cast, number)
                if time.monotonic() > begin + 15 * minutes:
                    samples.append(sample(cluster, cast, load))
                time.sleep(EVERY)
        if not load.findings:
            load.verify()
        found = [*load.findings, *grown(samples)]
        figures: dict[str, object] = {"minutes": minutes, **load.counts, "samples": len(samples)}
        for name, one in (("first", samples[0]), ("last", samples[-1])):
            numbers = {"sign-ins": one.sign_ins, "memory_mb": one.memory >> 20, "files": one.files, "database_mb": one.size >> 20}
            figures[name] = {**numbers, "rows": {table: count for table, count in one.rows.items() if count > FEW_ROWS}}
    print(json.dumps(figures, indent=2))
    for line in found:
        print(f"soak: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=60)
    sys.exit(main(arguments.parse_args().minutes))
