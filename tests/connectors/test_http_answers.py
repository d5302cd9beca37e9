"""The one outbound client: the request it sends, how long it waits, how much it takes (HO-16, HO-17)."""

from __future__ import annotations

import gzip
import time
from http.server import BaseHTTPRequestHandler

import pytest

from broker.connectors.outbound.client import HttpClient, basic_authorization
from tests.connectors.outbound import ok, reason_of
from tests.connectors.provider import Server


def test_the_request_says_who_we_are_and_takes_no_compression(server: Server, client: HttpClient):
    """HO-16: identity only, our name, one Host."""
    server.routes["/x"] = ok
    client.get(f"http://127.0.0.1:{server.port}/x?a=1&b=%20", accept="application/json", headers={"X-Extra": "1"})
    request = server.requests[0]
    assert request.path == "/x?a=1&b=%20"
    assert request.headers["user-agent"] == "guest-broker-test"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["accept"] == "application/json"
    assert request.headers["x-extra"] == "1"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"


def test_a_form_is_posted_in_utf_8(server: Server, client: HttpClient):
    """RFC 6749: application/x-www-form-urlencoded."""
    server.routes["/x"] = ok
    answer = client.post_form(f"http://127.0.0.1:{server.port}/x", {"a": "ä&b=c"}, headers={"Authorization": "Basic x"})
    assert answer.status == 200
    assert server.requests[0].form == {"a": "ä&b=c"}
    assert server.requests[0].headers["authorization"] == "Basic x"


def test_ou_22_the_cap_on_a_body(server: Server, client: HttpClient):
    """OU-22, HO-16: too much is refused while it comes, with or without a Content-Length."""
    server.routes["/x"] = lambda _r: (200, {}, b"x" * 1001)
    assert reason_of(client, f"http://127.0.0.1:{server.port}/x", max_bytes=1000) == "upstream_unavailable"
    assert len(client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*", max_bytes=1001).body) == 1001
    server.raw.add("/endless")

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(1000):
            handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    server.routes["/endless"] = endless
    assert reason_of(client, f"http://127.0.0.1:{server.port}/endless") == "upstream_unavailable"


def test_ou_22_a_compressed_answer_is_refused(server: Server, client: HttpClient):
    """OU-22: a bomb is not even opened."""
    server.routes["/x"] = lambda _r: (200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 1_000_000))
    assert reason_of(client, f"http://127.0.0.1:{server.port}/x") == "upstream_unavailable"
    server.routes["/x"] = lambda _r: (200, {"Content-Encoding": "identity"}, b"{}")
    assert client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*").status == 200


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
    ids=["status", "headers", "body", "chunks", "continue"],
)
def test_sm_10_a_slow_drip_ends_with_the_deadline(server: Server, head: bytes):
    """SM-10, OU-22, HO-16: a byte now and then never keeps a request alive, wherever it drips."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(head)
            while not server.closed.wait(0.05):
                handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" if head.startswith(b"HTTP/1.1 100") else b"1")
                handler.wfile.flush()
        except OSError:
            return

    server.raw.add("/drip")
    server.routes["/drip"] = drip
    client = HttpClient(["127.0.0.1"], "test", seconds=0.4)
    started = time.monotonic()
    assert reason_of(client, f"http://127.0.0.1:{server.port}/drip") == "upstream_unavailable"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + b"x" * 600_000,
    ],
)
def test_answers_that_are_no_http(server: Server, client: HttpClient, answer: bytes):
    """HO-17: whatever a broken server writes, it is one failure."""
    server.raw.add("/x")
    server.routes["/x"] = lambda handler: handler.wfile.write(answer)
    assert reason_of(client, f"http://127.0.0.1:{server.port}/x") == "upstream_unavailable"


def test_basic_is_form_encoded():
    """RFC 6749 2.3.1: both parts are form-encoded before they are joined."""
    assert basic_authorization("a:b", "c d") == "Basic YSUzQWI6Yytk"
