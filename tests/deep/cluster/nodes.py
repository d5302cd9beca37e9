"""The demo's cast around a cluster: two nodes of the broker behind HAProxy, on PostgreSQL behind HAProxy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from broker.demo.cast import Cast
from broker.demo.process import BrokerProcess
from broker.demo.relying import SignInFailed, call
from broker.demo.serving import free_port
from tests.deep.cluster.postgres import PostgresCluster, start, wait_for

NODES = {"node1": "127.0.0.25", "node2": "127.0.0.26"}
DATABASE = "127.0.0.24"  # where the proxy takes connections to the leader

_PROXY = """\
# TCP to the member that Patroni calls primary; when it is that no more, its connections are cut, so nobody waits for it.
defaults
  timeout connect 3s
  timeout check 2s
listen postgresql
  bind {database}:{database_port}
  mode tcp
  timeout client 1h
  timeout server 1h
  option httpchk OPTIONS /primary
  default-server check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
{members}
# HTTP to any node that lives. /healthz and not /readyz: while the database fails over, the nodes explain it on a page of their own.
# The cast is on loopback, so its X-Forwarded-For stays (each person has an address); a proxy in production removes it.
listen broker
  bind 127.0.0.1:{port}
  mode http
  timeout client 60s
  timeout server 60s
  timeout http-request 15s
  option forwardfor
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  option httpchk GET /healthz
  retries 2
  option redispatch
  http-error status 502 content-type text/html string "<h1>Please reload this page</h1><p>A server was replaced.</p>" hdr Retry-After 2
  http-error status 503 content-type text/html string "<h1>Please reload this page in a minute</h1>" hdr Retry-After 5
  default-server check inter 1s fall 2 rise 1
{nodes}
"""


class Nodes(BrokerProcess):
    """`broker serve` twice at one home, and HAProxy before them.

    dying: the name of a node that dies where the file `point` says (dying.py); it then gets every request while it lives.
    """

    def __init__(self, home: Path, issuer: str, port: int, cluster: PostgresCluster, dying: str = "") -> None:
        super().__init__(home, issuer, port)
        self.point, self._dying = cluster.folder / "point", dying
        self._cluster, self._database_port = cluster, free_port(DATABASE)
        self.ports = {name: free_port(host) for name, host in NODES.items()}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._proxy: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> str:
        """For config/broker.yaml: the leader, through the proxy."""
        return f"postgresql+psycopg://broker:{self._cluster.passwords['broker']}@{DATABASE}:{self._database_port}/broker"

    @property
    def is_running(self) -> bool:
        """Whether a node lives."""
        return any(process.poll() is None for process in self.running.values())

    def start(self) -> None:
        """The proxy, the keys, the nodes; returns when all answer."""
        members = [f"  server {one.name} {one.host}:{one.port} check port {one.api}" for one in self._cluster.members.values()]
        spare = " backup" if self._dying else ""
        nodes = [
            f"  server {name} {NODES[name]}:{port}{'' if name == self._dying else spare}" for name, port in self.ports.items()
        ]
        text = _PROXY.format(database=DATABASE, database_port=self._database_port, members="\n".join(members),
                             port=self._port, nodes="\n".join(nodes))  # fmt: skip
        file = self._cluster.folder / "haproxy.cfg"
        file.write_text(text, "utf-8")
        self._proxy = start(self._cluster.folder, "haproxy", "/usr/sbin/haproxy", "-db", "-f", file)
        self.run("keys", "init")
        for name in NODES:
            self.start_node(name)
        for name in NODES:
            self.wait_node(name)
        wait_for("the proxy has a node", lambda: _answers(f"{self.issuer}/readyz"))

    def start_node(self, name: str) -> None:
        """One node, with a log of its own."""
        words = [sys.executable, "-m", "broker"]
        if name == self._dying:
            words = [sys.executable, "-m", "tests.deep.cluster.dying", str(self.point)]
        words += ["serve", "--bind", f"{NODES[name]}:{self.ports[name]}", "--workers", "1" if self._dying else "2"]
        with (self.home / "var" / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(words, stdout=log, stderr=log, env=self._environment(), start_new_session=True)

    def wait_node(self, name: str) -> None:
        """Return when the node is ready. Raises AssertionError when it is not in time."""
        wait_for(f"{name} is ready", lambda: _answers(f"http://{NODES[name]}:{self.ports[name]}/readyz"))

    def wait_served_by(self, name: str) -> None:
        """Return when requests through the proxy reach this node, which has one worker."""
        own = f"http://{NODES[name]}:{self.ports[name]}/readyz"
        wait_for(f"{name} gets requests", lambda: _node(own) and _node(own) == _node(f"{self.issuer}/readyz"))

    def kill_node(self, name: str) -> None:
        """End it by kill -9, master and workers at once."""
        os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name].wait()

    def close(self) -> None:
        """Stop the nodes, then the proxy; safe to call twice."""
        for process in self.running.values():
            process.terminate()
        for name, process in self.running.items():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill_node(name)
        if self._proxy is not None:
            self._proxy.kill()
            self._proxy.wait()

    @property
    def last_words(self) -> str:
        """The last line that a node wrote."""
        lines = [
            line for name in NODES for line in (self.home / "var" / f"{name}.log").read_text("utf-8", "replace").splitlines()
        ]
        return lines[-1] if lines else "it said nothing"


class ClusterCast(Cast):
    """Everybody of the demo, with two nodes on a cluster. The cluster is started before and closed after it."""

    broker: Nodes

    def __init__(self, home: Path, port: int, cluster: PostgresCluster, dying: str = "") -> None:
        super().__init__(home, port)
        own = int(self.at.broker.rpartition(":")[2])
        self.broker = Nodes(self.home, self.at.broker, own, cluster, dying)
        file = self.home / "config" / "broker.yaml"
        text = file.read_text("utf-8").replace("network:\n", "network:\n  trusted_proxies: [127.0.0.1]\n")
        file.write_text(f"{text}database: {self.broker.database}\n", "utf-8")


def _answers(url: str) -> bool:
    try:
        return call("GET", url)[0] == 200
    except SignInFailed:
        return False


def _node(url: str) -> object:
    """The process that answers, or None."""
    try:
        return call("GET", url)[1].get("node")
    except SignInFailed:
        return None
