"""The one outbound client: where it goes, how long it waits, how much it takes (HO-16, HW-11, SM-05, SM-07, SM-08)."""

from __future__ import annotations

import gzip
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
from broker.connectors.outbound.address_policy import Reach, split_url
from broker.connectors.outbound.client import HttpClient, HttpFailure, basic_authorization, system_addresses
from broker.connectors.outbound.transport import Places
from tests.connectors.provider import Request, Server
from tests.connectors.tls import speak_tls


def ok(_request: Request) -> tuple[int, dict[str, str], bytes]:
    """The shortest answer."""
    return 200, {}, b"{}"


def reason_of(client: HttpClient, url: str, **options: int) -> str:
    """Why a request was refused."""
    with pytest.raises(HttpFailure) as refusal:
        client.get(url, accept="application/json", **options)  # type: ignore[arg-type]
    return refusal.value.reason


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "0",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "127.0.0.0x1",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fc00::1]",
        "[ff02::1]",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "[2002:7f00:1::]",
        "[2001:0:1::]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2001:db8::1]",
        "[fec0::1]",
        "[127.0.0.1]",
        "localhost",
        "ⓛocalhost",
        "127。0。0。1",
        "",
        ".",
        "a..example",
        "-a.example",
    ],
)
def test_sm_05_addresses_that_are_not_public(host: str):
    """SM-05, HO-16: private, loopback, link-local, mapped, translated and oddly spelt addresses: no packet is sent."""
    client = HttpClient([], "test")  # a packet to loopback would be an open port or a refusal, never url_not_allowed
    assert reason_of(client, f"https://{host}/metadata") == "url_not_allowed"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://idp.example/",
        "gopher://idp.example/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "http://idp.example/",
        "https://user@idp.example/",
        "https://user:password@idp.example/",
        "https://@idp.example/",
        "https://idp.example\\@127.0.0.1/",
        "https://idp.example/#fragment",
        "https://idp.example/\r\nX: 1",
        "https://idp.example/ space",
        " https://idp.example/",
        "https://idp.example:99999/",
        "https://idp.example:abc/",
        "https://[::1/",
        "https:///path",
        "//idp.example/",
        "idp.example",
        "",
        "https://idp.example/" + "x" * 5000,
    ],
)
def test_sm_08_urls_that_are_refused(url: str):
    """SM-08, HO-16: other schemes, userinfo, fragments and everything that two parsers read differently."""
    client = HttpClient([], "test", resolve=lambda _host: ["93.184.215.14"])
    assert reason_of(client, url) == "url_not_allowed"


def test_every_resolved_address_is_judged(server: Server):
    """HO-16: a name with one public and one private address is refused; the name is resolved once."""
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return ["93.184.215.14", "10.0.0.1"]

    assert reason_of(HttpClient([], "test", resolve=resolve), "https://idp.example/") == "url_not_allowed"
    assert asked == ["idp.example"]


def test_the_connection_is_pinned_to_the_checked_address(server: Server):
    """HO-16: a name that resolves differently the second time (rebinding) is never asked a second time."""
    server.routes["/x"] = ok
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    client = HttpClient(["idp.example"], "test", resolve=lambda _host: next(answers))
    answer = client.get(f"http://idp.example:{server.port}/x", accept="*/*")
    assert answer.status == 200
    assert server.requests[0].headers["host"] == f"idp.example:{server.port}"
    client.close()


@pytest.mark.parametrize("allow", [["127.0.0.1"], ["127.0.0.0/8"], ["localhost"], ["10.0.0.0/8", "localhost."]])
def test_allowed_hosts_and_networks(server: Server, allow: list[str]):
    """`network.allow_private_addresses`: hosts, names and networks, and only these by http:."""
    server.routes["/x"] = ok
    host = "localhost" if "localhost" in "".join(allow) else "127.0.0.1"
    client = HttpClient(allow, "test", resolve=lambda _host: ["127.0.0.1"])
    assert client.get(f"http://{host}:{server.port}/x", accept="*/*").body == b"{}"
    assert client.allows_plain(f"http://{host}/")
    assert not client.allows_plain("http://192.168.7.7/")
    client.close()


def test_plain_http_only_to_what_is_listed():
    """HO-16: a public name by http: is refused, listed or resolved into a listed network it is not."""
    public = HttpClient(["10.0.0.0/8"], "test", resolve=lambda _host: ["93.184.215.14"])
    assert not public.allows_plain("http://idp.example/")
    inside = HttpClient(["10.0.0.0/8"], "test", resolve=lambda _host: ["10.1.2.3"])
    assert inside.allows_plain("http://idp.internal/")
    assert Reach(["fd00::/8"]).is_listed(split_url("https://x/"), "fd00::1%eth0")
    assert not Reach(["[fd00::1]"]).may_connect(split_url("https://x/"), "fd00::2")


@pytest.mark.parametrize(
    ("allow", "url", "address", "listed"),
    [
        (["idp.internal:8443"], "https://idp.internal:8443/", "10.0.0.1", True),
        (["idp.internal:8443"], "https://idp.internal/", "10.0.0.1", False),
        (["10.0.0.1:8080"], "http://10.0.0.1:8080/", "10.0.0.1", True),
        (["10.0.0.1:8080"], "http://10.0.0.1/", "10.0.0.1", False),
        (["10.0.0.0/8:443"], "https://idp.internal/", "10.0.0.1", True),
        (["10.0.0.0/8:443"], "https://idp.internal:444/", "10.0.0.1", False),
        (["[fd00::1]:443"], "https://[fd00::1]/", "fd00::1", True),
        (["[fd00::1]:443"], "https://[fd00::1]:8443/", "fd00::1", False),
    ],
)
def test_fa_15_an_entry_with_a_port_is_for_that_port(allow: list[str], url: str, address: str, *, listed: bool):
    """An entry that names a port opens that port; one without stands for all of them."""
    assert Reach(allow).may_connect(split_url(url), address) is listed


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_sm_07_redirects_are_not_followed(server: Server, client: HttpClient, status: int):
    """SM-07, HO-16: any redirect is a failure, also one to the same host."""
    server.routes["/from"] = lambda _r: (status, {"Location": "/to"}, b"")
    server.routes["/to"] = ok
    assert reason_of(client, f"http://127.0.0.1:{server.port}/from") == "url_not_allowed"
    assert [r.path for r in server.requests] == ["/from"]


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


def test_a_closed_port_is_a_failure(client: HttpClient):
    """HO-17: nothing listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert reason_of(client, f"http://127.0.0.1:{port}/") == "upstream_unavailable"


def test_the_next_address_is_tried(server: Server):
    """A name with a dead address first still answers."""
    server.routes["/x"] = ok
    client = HttpClient(["127.0.0.0/8", "::1"], "test", resolve=lambda _host: ["::1", "127.0.0.1"])
    assert client.get(f"http://idp.internal:{server.port}/x", accept="*/*").status == 200
    client.close()


def test_names_without_address_and_slow_resolvers():
    """HO-16: the resolver's time counts, and a name without address is unavailable, not forbidden."""

    def fail(_host: str) -> list[str]:
        raise socket.gaierror(8, "no such name")

    assert reason_of(HttpClient([], "test", resolve=fail), "https://idp.example/") == "upstream_unavailable"
    assert reason_of(HttpClient([], "test", resolve=lambda _host: []), "https://idp.example/") == "upstream_unavailable"
    hung = threading.Event()
    slow = HttpClient([], "test", seconds=0.1, resolve=lambda _host: [str(hung.wait(5))])
    assert reason_of(slow, "https://idp.example/") == "upstream_unavailable"
    hung.set()


def test_the_systems_resolver():
    """The name that every machine has."""
    assert "127.0.0.1" in system_addresses("localhost")


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


def test_basic_is_form_encoded():
    """RFC 6749 2.3.1: both parts are form-encoded before they are joined."""
    assert basic_authorization("a:b", "c d") == "Basic YSUzQWI6Yytk"


def test_an_authority_has_its_port_only_where_it_is_not_the_usual_one():
    """RFC 9110 7.2, 4.2.3."""
    assert split_url("https://IDP.example:443/x").authority == "idp.example"
    assert split_url("https://[2606:2800::1]:8443").authority == "[2606:2800::1]:8443"
    assert split_url("https://idp.example").path == "/"
    assert split_url("https://idp.example?a=b").path == "/?a=b"


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


def test_a_redirect_can_be_looked_at_but_is_not_followed(server: Server, client: HttpClient):
    """SM-07: whoever asks where a redirect leads sees its target; nothing is sent there."""
    server.routes["/x"] = lambda _r: (302, {"Location": "/y"}, b"")
    answer = client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*", see_redirect=True)
    assert (answer.status, answer.headers["location"]) == (302, "/y")
    assert [request.path for request in server.requests] == ["/x"]


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
