"""PostgreSQL under Patroni without Docker: an etcd and two members with synchronous replication, each on a loopback address of its own.

Debian's packages, run as the user `postgres`; etcd is one process here, and three in production. Everything lives in one folder and ends
with `close`. `kill`, `freeze` and `isolate` are the faults.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from broker.demo.serving import free_port
from tests.deep.cluster.relay import Relay

HOSTS = {"pg1": "127.0.0.22", "pg2": "127.0.0.23"}
ETCD = "127.0.0.21"
PATIENCE = 120.0  # seconds for a state that must come
TTL = 20  # seconds: Patroni's smallest; a leader that is gone is replaced after it


def wait_for(what: str, holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Return when it holds. Raises AssertionError with `what` after `patience` seconds."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, f"not after {patience:g} s: {what}"
        time.sleep(0.2)


def start(folder: Path, name: str, *line: object) -> subprocess.Popen[bytes]:
    """A process in a group of its own, as `postgres` where we are root; its lines go into FOLDER/NAME.log."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder)}
    other = {"user": "postgres", "group": pwd.getpwnam("postgres").pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # `other` is a dict of several types
            [str(word) for word in line], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, **other,
        )  # fmt: skip


class Member:
    """One PostgreSQL with its Patroni."""

    def __init__(self, folder: Path, name: str, etcd: int) -> None:
        self.folder, self.name, self.host = folder, name, HOSTS[name]
        self.port, self.api = free_port(self.host), free_port(self.host)
        self.relay = Relay(self.host, (ETCD, etcd))  # its way to etcd, which `isolate` cuts
        self._process: subprocess.Popen[bytes] | None = None

    def config(self, passwords: dict[str, str]) -> dict[str, Any]:
        """The file for `patroni`; JSON is YAML."""
        binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        shared = {"ttl": TTL, "loop_wait": 2, "retry_timeout": 5, "primary_start_timeout": 0, "synchronous_mode": True}
        parameters = {"max_connections": 200, "wal_log_hints": "on", "unix_socket_directories": str(self.folder)}
        return {
            "scope": "guest-broker",
            "name": self.name,
            "restapi": {"listen": f"{self.host}:{self.api}", "connect_address": f"{self.host}:{self.api}"},
            "etcd3": {"hosts": [f"{self.host}:{self.relay.port}"], "use_proxies": True},  # else Patroni asks etcd for its address
            "bootstrap": {
                "dcs": {**shared, "postgresql": {"use_pg_rewind": True, "parameters": parameters}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"{self.host}:{self.port}",
                "connect_address": f"{self.host}:{self.port}",
                "data_dir": str(self.folder / f"{self.name}.data"),
                "bin_dir": str(binaries),
                "pgpass": str(self.folder / f"{self.name}.pgpass"),
                "authentication": {
                    "superuser": {"username": "postgres", "password": passwords["postgres"]},
                    "replication": {"username": "replicator", "password": passwords["replicator"]},
                },
                "pg_hba": ["host replication replicator 127.0.0.0/8 scram-sha-256", "host all all 127.0.0.0/8 scram-sha-256"],
            },
        }

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        self._process = start(self.folder, self.name, "/usr/bin/patroni", self.folder / f"{self.name}.json")

    def processes(self) -> list[int]:
        """Patroni and every process of this member's PostgreSQL."""
        data = f"{self.name}.data"
        found = subprocess.run(
            ["pgrep", "-f", f"{self.folder}/{data}"], capture_output=True, text=True, check=False
        ).stdout.split()
        head = self.folder / data / "postmaster.pid"
        masters = head.read_text().split()[:1] if head.exists() else []
        children = [
            number
            for master in masters
            for number in subprocess.run(["pgrep", "-P", master], capture_output=True, text=True, check=False).stdout.split()
        ]
        patroni = [str(self._process.pid)] if self._process is not None and self._process.poll() is None else []
        return [int(number) for number in dict.fromkeys([*patroni, *found, *children])]

    def send(self, number: signal.Signals) -> None:
        """A signal to all of them at once, as if the machine had it."""
        for process in self.processes():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                continue
        if number == signal.SIGKILL and self._process is not None:
            self._process.wait()

    def role(self) -> str:
        """`primary`, `sync_standby`, `replica` or what else Patroni says; empty if it does not answer."""
        for role in ("primary", "synchronous", "replica"):
            request = urllib.request.Request(f"http://{self.host}:{self.api}/{role}", method="OPTIONS")
            try:
                with urllib.request.urlopen(request, timeout=2):
                    return role
            except OSError:
                continue
        return ""


class PostgresCluster:
    """By `start`, until `close`; `members` by name. folder: a short path that the user `postgres` reaches."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._etcd_port, self._etcd_peer = folder, free_port(ETCD), free_port(ETCD)
        self.passwords = {name: secrets.token_hex(16) for name in ("postgres", "replicator", "broker")}
        self.members = {name: Member(folder, name, self._etcd_port) for name in HOSTS}
        self._etcd: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start all, wait for a leader with a synchronous standby, and make the broker's database."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        client, peer = f"http://{ETCD}:{self._etcd_port}", f"http://{ETCD}:{self._etcd_peer}"
        line = ["/usr/bin/etcd", "--name", "etcd", "--data-dir", self.folder / "etcd.data", "--listen-client-urls", client]
        line += ["--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        self._etcd = start(self.folder, "etcd", *line, "--initial-cluster", f"etcd={peer}")
        for member in self.members.values():
            (self.folder / f"{member.name}.json").write_text(json.dumps(member.config(self.passwords)), "utf-8")
            member.relay.open()
            member.start()
        self.wait_healthy()
        with closing(self.connect("postgres")) as connection:
            connection.execute(f"CREATE ROLE broker LOGIN PASSWORD '{self.passwords['broker']}'".encode())
            connection.execute(b"CREATE DATABASE broker OWNER broker")

    def connect(self, database: str) -> psycopg.Connection:
        """A connection of the superuser to the leader."""
        leader = self.leader()
        return psycopg.connect(
            host=leader.host,
            port=leader.port,
            user="postgres",
            password=self.passwords["postgres"],
            dbname=database,
            autocommit=True,
        )

    def leader(self) -> Member:
        """The member that takes writes. Raises AssertionError unless there is exactly one."""
        found = [member for member in self.members.values() if member.role() == "primary"]
        assert len(found) == 1, f"{len(found)} leaders"
        return found[0]

    def roles(self) -> list[str]:
        """The role of each member, sorted."""
        return sorted(member.role() for member in self.members.values())

    def wait_healthy(self) -> None:
        """A leader, and a standby that has every committed transaction."""
        wait_for("a leader and a synchronous standby", lambda: self.roles() == ["primary", "synchronous"])

    def close(self) -> None:
        """End all processes at once."""
        for member in self.members.values():
            member.send(signal.SIGCONT)
            member.send(signal.SIGKILL)
            member.relay.close()
        if self._etcd is not None:
            self._etcd.kill()
            self._etcd.wait()
