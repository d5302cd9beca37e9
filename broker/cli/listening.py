"""Where `broker serve` listens: judged before anything starts (FC-04)."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from broker.domain.origin import DEFAULT_PORTS

if TYPE_CHECKING:
    from broker.settings.load import Settings

_FORM = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
_WHY = {
    errno.EADDRINUSE: "another process listens there; stop it, or choose another port with --bind",
    errno.EADDRNOTAVAIL: "this machine has no such address; choose one of its own, or 0.0.0.0 for all",
    errno.EACCES: "this user may not listen there; choose a port above 1023",
}


@dataclass(frozen=True, slots=True)
class Bind:
    """HOST:PORT as it was written."""

    text: str
    host: str
    port: int


class BindType(click.ParamType[Bind]):
    """HOST:PORT."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Bind:
        """Wrong usage where it is something else."""
        if isinstance(value, Bind):
            return value
        found = _FORM.fullmatch(str(value))
        if found is None or not 0 < int(found["port"]) < 65_536:
            self.fail(f"{value!r} is not HOST:PORT; write it like 127.0.0.1:8080 or [::1]:8080", param, ctx)
        return Bind(str(value), found["host"].strip("[]"), int(found["port"]))


def problem(bind: Bind) -> str | None:
    """Why nothing can listen there; None if something can."""
    try:
        where = socket.getaddrinfo(bind.host, bind.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError:
        return f"cannot listen at {bind.text}: this machine knows no address of {bind.host}"
    with socket.socket(where[0], socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where[4])
            probe.listen(1)
        except OSError as error:
            why = _WHY.get(error.errno or 0, (error.strerror or "it is refused").lower())
            return f"cannot listen at {bind.text}: {why}"
    return None


def other_port(settings: Settings, bind: Bind) -> str | None:
    """A warning where the issuer is this machine's loopback and another port."""
    parts = urlsplit(settings.issuer)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    if not _is_loopback(parts.hostname or "") or port == bind.port:
        return None
    return (
        f"warning: the issuer is {settings.issuer}, but the broker listens at port {bind.port}: "
        f"unless something forwards port {port}, no sign-in works; use --bind {bind.host}:{port}, or change issuer"
    )


def started(settings: Settings, bind: Bind, *, workers: int, threads: int, home: Path, version: str) -> str:
    """What an operator wants to read first."""
    processes = f"{workers} {'process' if workers == 1 else 'processes'} of {threads} {'thread' if threads == 1 else 'threads'}"
    return f"guest-broker {version}: {settings.issuer} is served at {bind.text} by {processes}; home {home}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
