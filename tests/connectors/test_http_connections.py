"""The one outbound client: connections that are used again, TLS, and how many calls it makes at a time (HW-11)."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from broker.connectors.outbound import transport
from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.connectors.outbound.transport import Places
from tests.connectors.outbound import ok, reason_of
from tests.connectors.provider import Request, Server
from tests.connectors.tls import speak_tls


def test_connections_are_used_again(server: Server, client: HttpClient):
    """A partner's requests of one login share a connection; one that died is replaced unnoticed."""
    server.routes["/x"] = ok
    for _ in range(3):
        client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*")
    assert len(server.connections) == 1
    server.routes["/bye"] = lambda _r: (200, {"Connection": "close"}, b"")
    client.get(f"http://127.0.0.1:{server.port}/bye", accept="*/*")
    client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*")
    assert len(server.connections) == 2


def test_a_silent_connection_is_given_up_after_a_while(server: Server):
    """What servers close anyway is not kept, and of many connections only the youngest are."""
    now = [0.0]
    server.routes["/x"] = ok
    client = HttpClient(["127.0.0.1"], "test", clock=lambda: now[0])
    client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*")
    now[0] += transport.IDLE_SECONDS
    client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*")
    assert len(server.connections) == 2
    client.close()


def test_a_waiting_connection_that_the_server_closed_is_replaced(server: Server, client: HttpClient):
    """The peer hung up while nobody looked."""
    server.raw.add("/once")

    def once(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server.routes["/once"] = once
    for _ in range(2):
        assert client.get(f"http://127.0.0.1:{server.port}/once", accept="*/*").body == b"{}"
        select.select([client._idle._kept[0][1].sock], [], [], 5)  # until the hang-up has arrived
    assert len(server.connections) == 2


def test_only_so_many_connections_wait(server: Server, monkeypatch: pytest.MonkeyPatch):
    """The pool is bounded."""
    monkeypatch.setattr(transport, "IDLE_CONNECTIONS", 2)
    together = threading.Barrier(4)

    def meet(request: Request) -> tuple[int, dict[str, str], bytes]:
        together.wait(20)
        return ok(request)

    server.routes["/x"] = meet
    client = HttpClient(["127.0.0.1"], "test")
    url = f"http://127.0.0.1:{server.port}/x"
    threads = [threading.Thread(target=client.get, args=(url,), kwargs={"accept": "*/*"}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(client._idle._kept) == 2
    client.close()


def test_a_forked_child_does_not_speak_on_the_parents_wire(server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch):
    """Workers are forked: two speakers on one socket would read each other's tokens."""
    server.routes["/x"] = ok
    client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*")
    kept = client._idle._kept[0][1]
    monkeypatch.setattr(os, "getpid", lambda: -1)
    client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*")
    assert len(server.connections) == 2
    assert kept.sock is not None
    kept.close()


def test_a_closed_port_is_a_failure(client: HttpClient):
    """HO-17: nothing listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert reason_of(client, f"http://127.0.0.1:{port}/") == "upstream_unavailable"


def test_fa_02_one_host_that_hangs_leaves_the_others_served(server: Server):
    """HW-11, FA-02: calls to one host are bounded, a further one is refused at once; other hosts go on, up to the limit of all."""
    release = threading.Event()
    statuses: list[int] = []

    def hang(request: Request) -> tuple[int, dict[str, str], bytes]:
        release.wait(20)
        return ok(request)

    server.routes |= {"/hang": hang, "/x": ok}
    places = Places(2, 3)
    client = HttpClient(["127.0.0.0/8"], "test", seconds=20, places=places)
    other = HttpClient(["localhost"], "test", seconds=20, resolve=lambda _host: ["127.0.0.1"], places=places)
    url = f"http://127.0.0.1:{server.port}"

    def call(who: HttpClient, where: str) -> threading.Thread:
        count = len(server.requests)
        thread = threading.Thread(target=lambda: statuses.append(who.get(f"{where}/hang", accept="*/*").status))
        thread.start()
        while len(server.requests) == count:
            time.sleep(0.01)
        return thread

    hanging = [call(client, url), call(client, url)]
    assert reason_of(client, f"{url}/x") == "upstream_busy"
    with pytest.raises(HttpFailure) as caught, client.waiting(f"{url}/y"):
        raise AssertionError
    assert caught.value.reason == "upstream_busy"
    assert other.get(f"http://localhost:{server.port}/x", accept="*/*").status == 200
    hanging.append(call(other, f"http://localhost:{server.port}"))
    assert reason_of(HttpClient(["127.0.0.3"], "test", places=places), "http://127.0.0.3:1/") == "upstream_busy"
    release.set()
    for thread in hanging:
        thread.join(20)
    assert statuses == [200, 200, 200]
    assert places._taken == {}
    assert client.get(f"{url}/x", accept="*/*").status == 200
    client.close()
    other.close()


@pytest.mark.parametrize(("threads", "each", "together"), [(1, 1, 1), (2, 1, 1), (4, 1, 2), (16, 4, 8), (64, 16, 32)])
def test_fa_02_places_of_threads(threads: int, each: int, together: int):
    """FA-02: calls hold at most half of a process's threads, one host at most a quarter."""
    places = Places.of_threads(threads)
    assert (places._each, places._all) == (each, together)


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server with a certificate for idp.example, and the file of the authority that signed it."""
    server = Server()
    server.routes["/x"] = ok
    yield server, speak_tls(server, tmp_path, "idp.example")
    server.close()


def test_tls_verifies_the_name_while_the_address_is_pinned(tls_server: tuple[Server, Path]):
    """HO-16: connected to the checked address, verified for the name that was asked for; no other name, no common name."""
    server, ca_file = tls_server

    def to(host: str, ca: Path | None) -> HttpClient:
        return HttpClient(["127.0.0.1"], "test", seconds=2, ca_file=str(ca) if ca else None, resolve=lambda _h: ["127.0.0.1"])

    client = to("idp.example", ca_file)
    for _ in range(2):
        assert client.get(f"https://idp.example:{server.port}/x", accept="*/*").body == b"{}"
    assert len(server.connections) == 1
    client.close()
    for host, ca in (("other.example", ca_file), ("evil.example", ca_file), ("idp.example", None), ("127.0.0.1", ca_file)):
        with pytest.raises(HttpFailure) as refusal:
            to(host, ca).get(f"https://{host}:{server.port}/x", accept="*/*")
        assert refusal.value.reason == "upstream_unavailable"
        assert "certificate" in refusal.value.detail


def test_a_server_that_speaks_no_tls_is_a_failure(server: Server, client: HttpClient):
    """https: to a port that answers in clear."""
    assert reason_of(client, f"https://127.0.0.1:{server.port}/x") == "upstream_unavailable"


def test_when_a_certificate_ends(tls_server: tuple[Server, Path], client: HttpClient, server: Server):
    """For doctor: the end of the certificate that a connection meets, verified like any other; none for http:."""
    tls, ca_file = tls_server
    knowing = HttpClient(["127.0.0.1"], "test", seconds=2, ca_file=str(ca_file), resolve=lambda _h: ["127.0.0.1"])
    end = knowing.certificate_end(f"https://idp.example:{tls.port}/x")
    assert end is not None
    assert 0 < end - time.time() <= 3600
    assert client.certificate_end(f"http://127.0.0.1:{server.port}/x") is None
    with pytest.raises(HttpFailure) as refusal:
        client.certificate_end(f"https://127.0.0.1:{tls.port}/x")
    assert (refusal.value.reason, "certificate" in refusal.value.detail) == ("upstream_unavailable", True)
    with pytest.raises(HttpFailure) as refusal:
        client.certificate_end("https://192.168.0.1/x")
    assert refusal.value.reason == "url_not_allowed"


def test_fc_08_a_refused_connection_is_told_as_that():
    """FC-08: nothing listens there: that is known at once, and nobody waited for ten seconds."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = HttpClient(["127.0.0.1"], "test")
    for call in (lambda url: client.get(url, accept="*/*"), lambda url: client.post_form(url, {})):
        with pytest.raises(HttpFailure) as refusal:
            call(f"http://127.0.0.1:{port}/x")
        assert refusal.value.reason == "upstream_unavailable"
        assert refusal.value.detail == f"127.0.0.1, port {port}: connection refused: nothing listens there"


def test_fc_08_a_connection_that_breaks_off(server: Server, client: HttpClient):
    """FC-08: a reset is no timeout either."""
    server.raw.add("/x")

    def reset(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()

    server.routes["/x"] = reset
    with pytest.raises(HttpFailure) as refusal:
        client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*")
    assert "in 2 s" not in refusal.value.detail
