"""`make cluster`: the demo on two nodes and a PostgreSQL cluster, with where to click; `--once` proves logins over the proxy and leaves."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker.demo.cast import run_until_stopped
from broker.demo.process import BrokerProcessError
from broker.demo.serving import PortTaken
from tests.deep.cluster.load import Load
from tests.deep.cluster.nodes import NODES, ClusterCast
from tests.deep.cluster.postgres import PostgresCluster

JOURNEYS = 14  # two of each kind


@contextmanager
def running(port: int, dying: str = "") -> Iterator[tuple[PostgresCluster, ClusterCast]]:
    """A new cluster and the cast on it, both removed at the end, below /tmp, where `postgres` reaches it.

    port: of the proxy; 0: a free one. dying: as for Nodes.
    """
    folder, home = (Path(tempfile.mkdtemp(prefix=f"broker-{name}-", dir="/tmp")) for name in ("cluster", "home"))
    cluster = PostgresCluster(folder)
    try:
        cluster.start()
        with ClusterCast(home, port, cluster, dying) as cast:
            yield cluster, cast
    finally:
        cluster.close()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def guide(cluster: PostgresCluster, cast: ClusterCast) -> list[str]:
    """The machines of the cluster, one line each, and how to take one away."""
    lines = [f"  {name:14}http://{NODES[name]}:{port}/readyz   a node; kill -9 -{cast.broker.running[name].pid} takes it away"
             for name, port in cast.broker.ports.items()]  # fmt: skip
    for member in cluster.members.values():
        numbers = " ".join(str(number) for number in member.processes()[:2])
        lines.append(
            f"  {member.name:14}http://{member.host}:{member.api}/cluster   PostgreSQL, {member.role()}; kill -9 {numbers} takes it away"
        )
    return [*lines, f"  Logs          {cluster.folder}, {cast.home / 'var'}"]


def main(*, once: bool, port: int) -> int:
    """The exit status: 0 if all held."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running(0 if once else port) as (cluster, cast):
            if not once:
                print("\n".join(guide(cluster, cast)), flush=True)
                return run_until_stopped(cast)
            with Load(cast) as load:
                load.until(JOURNEYS)
            load.verify()
            for name, count in sorted(load.counts.items()):
                print(f"{count:5} {name}")
            print(f"two nodes, {' and '.join(cluster.roles())}: every answer a success, nothing lost, nothing used twice")
            return 0
    except (AssertionError, BrokerProcessError, PortTaken, OSError) as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1 if once else 0


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--once", action="store_true", help="prove logins and end")
    arguments.add_argument("--port", type=int, default=8080, help="of the proxy; the cast takes the next one")
    found = arguments.parse_args()
    sys.exit(main(once=found.once, port=found.port))
