"""What honest clients do with connections: kept ones, several requests at once, chunks, waiting for leave, a stop in between."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.wire import dial, get, receive, send
from tests.cli.conftest import Serving, make_home, serve


@pytest.fixture
def one(tmp_path: Path, sqlite_url: str) -> Iterator[Serving]:
    """A server of one process."""
    with serve(make_home(tmp_path, sqlite_url), "--workers", "1") as started:
        yield started


def read_some(sock: socket.socket, end: bytes) -> bytes:
    """Until these bytes have come."""
    found = b""
    while end not in found:
        some = sock.recv(65536)
        assert some, found
        found += some
    return found


def test_a_kept_connection(one: Serving) -> None:
    """Requests one after the other and several at once, pages and /healthz in turns, in their order."""
    host = f"Host: localhost:{one.port}\r\n".encode()
    health = b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n"
    missing = b"GET /missing HTTP/1.1\r\n" + host + b"\r\n"
    with dial(one.port) as sock:
        for _ in range(3):
            sock.sendall(health)
            assert b"Connection: keep-alive" in read_some(sock, b"\r\n\r\nok\n")
        sock.sendall(missing + health + missing + health + missing.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        found = receive(sock).raw
    statuses = [part[:3] for part in found.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"404", b"200", b"404", b"200", b"404"]


def test_health_is_the_same_inside_and_outside_the_threads(one: Serving) -> None:
    """The loop's answer is the application's: a query sends the request to the application."""
    outside, inside = get(one.port, "/healthz"), get(one.port, "/healthz?from=inside")
    skip = ("Date", "Server", "Connection")

    def kept(head: str) -> set[str]:
        return {line for line in head.split("\r\n") if not line.startswith(skip)}

    assert kept(outside.head) == kept(inside.head)
    assert outside.body == inside.body == "ok\n"
    head = send(one.port, b"HEAD /healthz HTTP/1.0\r\n\r\n")
    assert (head.status, head.body) == (200, "")


@pytest.mark.parametrize("pause", [False, True])
def test_chunks_and_leave_to_send(one: Serving, pause: bool) -> None:
    """RFC 9112 7.1, RFC 9110 10.1.1: a body in chunks is read whole; who asks for leave to send it gets it, once."""
    host = f"Host: localhost:{one.port}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n".encode()
    head = b"POST /token HTTP/1.1\r\n" + host + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"b;x=y\r\ngrant_type=\r\n8\r\npassword\r\n0\r\nX-Check: x\r\n\r\n"
    with dial(one.port) as sock:
        sock.sendall(head if pause else head + body)
        if pause:
            assert read_some(sock, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            for byte in body:
                sock.sendall(bytes([byte]))
        answer = receive(sock)
    assert answer.status in (400, 401)
    assert b"100 Continue" not in answer.raw
    assert "error" in answer.body


def test_a_body_over_the_limit_is_a_page(one: Serving) -> None:
    """RX-06: the application says 413 with a page; the client that goes on sending still gets it."""
    head = f"POST /home HTTP/1.1\r\nHost: localhost:{one.port}\r\nContent-Length: 300000\r\n\r\n".encode()
    answer = send(one.port, head + b"x" * 300_000)
    assert answer.status == 413
    assert 'data-error="bad_request"' in answer.body


def test_a_stop_loses_no_request(one: Serving) -> None:
    """SIGTERM: a request that was begun is answered, a kept connection gets its next answer and then ends, the process goes."""
    host = f"Host: localhost:{one.port}\r\n".encode()
    with dial(one.port) as begun, dial(one.port) as kept:
        kept.sendall(b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n")
        read_some(kept, b"\r\n\r\nok\n")
        begun.sendall(b"GET /.well-known/openid-configuration HTTP/1.1\r\n" + host)
        kept.sendall(b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n")
        read_some(kept, b"\r\n\r\nok\n")
        one.process.send_signal(signal.SIGTERM)
        kept.sendall(b"GET /.well-known/openid-configuration HTTP/1.1\r\n" + host + b"\r\n")
        last = receive(kept)
        assert last.status == 200
        assert last.head.count("Connection:") == 1
        begun.sendall(b"\r\n")
        answer = receive(begun)
        assert answer.status == 200
        assert "Connection: close" in answer.head
    assert one.process.wait(10) == 0
