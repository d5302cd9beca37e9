"""The one outbound client: where it goes (HO-16, HW-11, SM-05, SM-07, SM-08)."""

from __future__ import annotations

import socket
import threading

import pytest

from broker.connectors.outbound.address_policy import Reach, split_url
from broker.connectors.outbound.client import HttpClient, system_addresses
from tests.connectors.outbound import ok, reason_of
from tests.connectors.provider import Server


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


def test_an_authority_has_its_port_only_where_it_is_not_the_usual_one():
    """RFC 9110 7.2, 4.2.3."""
    assert split_url("https://IDP.example:443/x").authority == "idp.example"
    assert split_url("https://[2606:2800::1]:8443").authority == "[2606:2800::1]:8443"
    assert split_url("https://idp.example").path == "/"
    assert split_url("https://idp.example?a=b").path == "/?a=b"


def test_a_redirect_can_be_looked_at_but_is_not_followed(server: Server, client: HttpClient):
    """SM-07: whoever asks where a redirect leads sees its target; nothing is sent there."""
    server.routes["/x"] = lambda _r: (302, {"Location": "/y"}, b"")
    answer = client.get(f"http://127.0.0.1:{server.port}/x", accept="*/*", see_redirect=True)
    assert (answer.status, answer.headers["location"]) == (302, "/y")
    assert [request.path for request in server.requests] == ["/x"]
