"""A broker behind TLS for Microsoft's clients, which send a token over https only; and a proxy by which a client finds it under its public name."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.app import build
from broker.demo.process import BrokerProcess
from broker.demo.serving import LoopbackServer
from broker.web import create_web
from tests.interop.tls_front import tls_front

SECRET = "only-for-tests-0123456789-abcdefgh"
PERMISSIONS = ["User.Invite.All", "User.ReadWrite.All", "Group.ReadWrite.All"]


@dataclass(frozen=True)
class Site:
    """issuer: where the broker is. proxy: http, for clients that ask for the issuer by a name. authority: that they trust."""

    issuer: str
    proxy: str
    authority: Path


@contextmanager
def graph_over_https(folder: Path, host: str, issuer: str | None = None, *, landing: str) -> Iterator[Site]:
    """Until the end of the block: a broker with the program `robot` and the application `payroll`, which has the address `landing`.

    issuer: under another name than its address; only a client that uses the proxy gets there.
    """
    server = LoopbackServer(host)
    names = () if issuer is None else (issuer.removeprefix("https://"),)
    try:
        with tls_front(folder, host, int(server.address.rpartition(":")[2]), *names) as front:
            home, public = folder / "home", issuer or front.address
            (home / "config" / "applications").mkdir(parents=True)
            _write(home, "broker", {"issuer": public, "database": "sqlite:///var/broker.db"})
            _write(home, "applications/robot", {"name": "Robot", "client_secret": SECRET, "api_permissions": PERMISSIONS})
            _write(
                home, "applications/payroll", {"name": "Payroll", "redirect_uris": [f"{landing}callback"], "launch_url": landing}
            )
            BrokerProcess(home, public, 0, {}).run("keys", "init")
            broker = build(home)
            try:
                server.start(create_web(broker))
                with _proxy(host, int(front.address.rpartition(":")[2])) as proxy:
                    yield Site(public, proxy, front.authority)
            finally:
                broker.close()
    finally:
        server.close()


def _write(home: Path, name: str, value: dict[str, Any]) -> None:
    (home / "config" / f"{name}.yaml").write_text(json.dumps(value), "utf-8")  # JSON is YAML


@contextmanager
def _proxy(host: str, to: int) -> Iterator[str]:
    """A proxy for https that leads every CONNECT to one port."""
    with socket.create_server((host, 0)) as listening:
        threading.Thread(target=_accept, args=(listening, (host, to)), daemon=True).start()
        try:
            yield f"http://{host}:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, to: tuple[str, int]) -> None:
    while True:
        try:
            outside, _ = listening.accept()
        except OSError:
            return  # the block has ended
        threading.Thread(target=_connect, args=(outside, to), daemon=True).start()


def _connect(outside: socket.socket, to: tuple[str, int]) -> None:
    try:
        with outside, socket.create_connection(to, timeout=30) as inside:
            head = b""
            while b"\r\n\r\n" not in head:
                head += outside.recv(4096)
            outside.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_copy, args=(inside, outside), daemon=True)
            back.start()
            _copy(outside, inside)
            back.join(30)
    except OSError:
        return  # one side went away


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the other side went away
