"""Bytes on a socket, as no client library sends them."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass


@dataclass
class Answer:
    """What came back. status: 0 where nothing did. seconds: until it was whole."""

    status: int
    raw: bytes
    seconds: float

    @property
    def head(self) -> str:
        """The status line and the headers."""
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def body(self) -> str:
        """What follows them."""
        return self.raw.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")


def dial(port: int, *, timeout: float = 30) -> socket.socket:
    """A connection."""
    return socket.create_connection(("127.0.0.1", port), timeout)


def receive(sock: socket.socket, began: float | None = None) -> Answer:
    """Everything until the other end closes."""
    began = time.monotonic() if began is None else began
    parts: list[bytes] = []
    try:
        while some := sock.recv(65536):
            parts.append(some)
    except (ConnectionError, TimeoutError):
        parts.append(b"")
    raw = b"".join(parts)
    status = int(raw[9:12]) if raw.startswith(b"HTTP/1.") else 0
    return Answer(status, raw, time.monotonic() - began)


def send(port: int, data: bytes) -> Answer:
    """Send all of it, then read to the end."""
    began = time.monotonic()
    with dial(port) as sock:
        try:
            sock.sendall(data)
        except ConnectionError:
            return receive(sock, began)
        return receive(sock, began)


def get(port: int, path: str, *headers: str) -> Answer:
    """A request as it should be; the connection ends with it."""
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{port}", "Connection: close", *headers]
    return send(port, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


def lives(port: int) -> bool:
    """Whether /healthz answers within a second, five times in a row."""
    answers = [get(port, "/healthz") for _ in range(5)]
    return all((one.status, one.body) == (200, "ok\n") and one.seconds < 1 for one in answers)
