"""The leader of the PostgreSQL cluster is lost during logins, refreshes and invitations: nothing acknowledged is lost, nothing is used twice.

Debian's patroni, etcd-server, haproxy and postgresql; `scripts/deep` installs them. docs/reliability.md has what was seen.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from tests.deep.cluster.__main__ import running
from tests.deep.cluster.load import Load
from tests.deep.cluster.nodes import NODES, ClusterCast
from tests.deep.cluster.postgres import Member, PostgresCluster, wait_for

JOURNEYS = 60  # before, without a leader and after, each: 180 logins for each fault
Both = tuple[PostgresCluster, ClusterCast]


@pytest.fixture
def both() -> Iterator[Both]:
    """A cluster and a cast of its own: the limits by address and mailbox begin at nothing."""
    with running(0) as found:
        yield found


FAULTS: dict[str, tuple[Callable[[Member], None], Callable[[Member], None]]] = {
    "killed": (lambda member: member.send(signal.SIGKILL), Member.start),
    "stopped": (lambda member: member.send(signal.SIGSTOP), lambda member: member.send(signal.SIGCONT)),
    "partitioned": (lambda member: member.relay.cut(), lambda member: member.relay.open()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_leader_is_lost(both: Both, fault: str):
    """The standby takes over while people sign in, and the old leader comes back as a standby that has the same rows."""
    cluster, cast = both
    begin, end = FAULTS[fault]
    with Load(cast) as load:
        load.until(JOURNEYS)
        old = cluster.leader()
        (other,) = [member for member in cluster.members.values() if member is not old]
        begin(old)
        wait_for("another leader", lambda: other.role() == "primary")
        load.until(JOURNEYS)
        end(old)
        cluster.wait_healthy()
        load.until(JOURNEYS)
    load.verify()
    assert cluster.leader() is other
    print(f"{fault}: {dict(load.counts)}")


def test_nodes_are_killed(both: Both):
    """One node is killed (-9) and then the other, master and workers: people go on at the one that lives."""
    _, cast = both
    with Load(cast) as load:
        for name in NODES:
            load.until(JOURNEYS)
            cast.broker.kill_node(name)
            load.until(JOURNEYS)
            cast.broker.start_node(name)
            cast.broker.wait_node(name)
    load.verify()
    print(f"nodes: {dict(load.counts)}")
