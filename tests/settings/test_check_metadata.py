"""SM-01 to SM-14 as CHECK promises them: `broker check` exits 1 with one line that names file, key, line and the reason."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest
from click.testing import Result

from broker.connectors.outbound import client
from tests.connectors.provider import Server
from tests.connectors.saml.metadata_documents import IDP, body, descriptor, entity, group, pem, role, rsa_key, service, signed
from tests.settings.homes import BROKER, good
from tests.settings.test_check_saml import FILE, run

ALLOW = BROKER + "network: {allow_private_addresses: [127.0.0.1]}\n"
PINNED = "  metadata_certificate: config/pin.pem\n"
THIS_ENTITY = f"  entity_id: {IDP}\n"
FORGED = entity(role(services=service("https://evil.example/sso"))).replace("_e1", "_e2")
LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
CASES = {
    "SM-01 unsigned": (entity(), PINNED, "metadata_signature"),
    "SM-01 signed by another": (signed(entity(), rsa_key(name="else")), PINNED, "metadata_signature"),
    "SM-02 forged beside": (group(signed(entity()), FORGED), PINNED + THIS_ENTITY, "metadata_structure"),
    "SM-02 forged before": (group(FORGED, signed(entity())), PINNED + THIS_ENTITY, "metadata_structure"),
    "SM-03 another's name": (entity(name="https://idp.other.example/saml"), THIS_ENTITY, "metadata_entity"),
    "SM-04 over": (entity(more=' validUntil="2020-01-01T00:00:00Z"'), "", "metadata_expired"),
    "SM-09 external DTD": ('<!DOCTYPE md SYSTEM "http://127.0.0.1:1/x">' + entity(), "", "metadata_structure"),
    "SM-09 external entity": ('<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + entity(extra="&e;"), "", "metadata_structure"),
    "SM-09 laughs": (f'<!DOCTYPE m [<!ENTITY e0 "ha">{LAUGHS}]>' + entity(extra="&e11;"), "", "metadata_structure"),
    "SM-11 script": (entity(role(services=service("javascript:alert(1)"))), "", "metadata_endpoint"),
    "SM-11 http": (entity(role(services=service("http://idp.fabrikam.example/sso"))), "", "metadata_endpoint"),
    "SM-13 two roles": (entity(role() + role()), "", "metadata_structure"),
    "SM-13 another role": (entity(role().replace("IDPSSO", "SPSSO")), "", "metadata_structure"),
    "SM-14 RSA 1024": (entity(role(keys=descriptor(body(rsa_key(1024))))), "", "metadata_key"),
    "SM-14 exponent 3": (entity(role(keys=descriptor(body(rsa_key(2048, 3))))), "", "metadata_key"),
}  # fmt: skip


def home(tmp_path: Path, metadata: str, more: str = "", *, broker: str = BROKER) -> Path:
    """The good files with this partner, whose pin is the federation's."""
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config/pin.pem").write_text(pem(rsa_key(name="federation")))
    return good(tmp_path, broker=broker, partner=FILE.format(metadata) + more)


def refused(result: Result, reason: str) -> str:
    """The one line."""
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("config/partners/fabrikam.yaml:4: saml.metadata: "), line
    assert reason in line, line
    return line


@pytest.mark.parametrize("name", CASES)
def test_a_file(tmp_path: Path, name: str) -> None:
    """SM-01, SM-02, SM-03, SM-04, SM-09, SM-11, SM-13, SM-14: a file of the home."""
    text, more, reason = CASES[name]
    place = home(tmp_path, "config/m.xml", more)
    (tmp_path / "config/m.xml").write_text(text)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(run(place), f" {reason}: ")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


@pytest.mark.parametrize("name", CASES)
def test_an_address(tmp_path: Path, name: str) -> None:
    """SM-01, SM-02, SM-03, SM-04, SM-09, SM-11, SM-13, SM-14: the same at an address, with --online; one request, nothing else is fetched."""
    text, more, reason = CASES[name]
    server = Server()
    server.routes["/m"] = lambda _request: (200, {}, text.encode())
    try:
        place = home(tmp_path, f"http://127.0.0.1:{server.port}/m", more, broker=ALLOW)
        assert run(place).exit_code == 0  # no network without --online
        refused(run(place, "--online"), f" {reason}: ")
        assert [request.path for request in server.requests] == ["/m"]
    finally:
        server.close()


def test_fb_03_a_key_that_is_left_out(tmp_path: Path) -> None:
    """FB-03: a warning that says which key and why, for a file always and for an address with --online; no error."""
    text = entity(role(keys=descriptor(body(rsa_key(1024))) + descriptor(body(rsa_key()))))
    place = home(tmp_path, "config/m.xml")
    (tmp_path / "config/m.xml").write_text(text)
    result = run(place)
    assert result.exit_code == 0
    assert "1 of its keys cannot be used" in result.output
    assert "1024 bits" in result.output
    server = Server()
    server.routes["/m"] = lambda _request: (200, {}, text.encode())
    try:
        result = run(home(tmp_path, f"http://127.0.0.1:{server.port}/m", broker=ALLOW), "--online")
        assert result.exit_code == 0
        assert "1 of its keys cannot be used" in result.output
    finally:
        server.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1.2.3", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "0.0.0.0",
        "2130706433", "0177.0.0.1", "0x7f000001", "127.1", "localhost", "[fe80::1]", "[::]", "100.64.0.1",
    ],
)  # fmt: skip
def test_addresses_inside(tmp_path: Path, host: str) -> None:
    """SM-05, HO-16: none of them is listed: url_not_allowed, and no packet is sent."""
    server = Server()
    try:
        place = home(tmp_path, f"https://{host}:{server.port}/m")
        refused(run(place, "--online"), "url_not_allowed")
        assert server.requests == []
        assert not server.connections
    finally:
        server.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["https://127.0.0.1/m", "https://169.254.169.254/latest", "http://127.0.0.1:{}/inside"])
def test_redirects(tmp_path: Path, status: int, target: str) -> None:
    """SM-07: a redirect is not followed, wherever it leads."""
    server = Server()
    server.routes["/m"] = lambda _request: (status, {"Location": target.format(server.port)}, b"")
    try:
        refused(run(home(tmp_path, f"http://127.0.0.1:{server.port}/m", broker=ALLOW), "--online"), " url_not_allowed: ")
        assert [request.path for request in server.requests] == ["/m"]
    finally:
        server.close()


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://idp.example/m", "gopher://idp.example/m", "data:text/xml,%3Ca/%3E", "file:/etc/passwd", "data://text/xml,x", "http://idp.example/m",
        "https://user:word@idp.example/m", "https://user@idp.example/m",
    ],
)  # fmt: skip
def test_schemes(tmp_path: Path, url: str) -> None:
    """SM-08: the files are refused as they are, without a look at the network."""
    refused(run(home(tmp_path, url)), "url_not_allowed")


def test_large_and_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-10: 50 MiB, and a byte now and then: metadata_fetch within the deadline, in little memory."""
    assert client.DEADLINE == 10
    monkeypatch.setattr(client, "DEADLINE", 1.0)
    server = Server()

    def drip(handler: object) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
        handler.wfile.write(head)  # type: ignore[attr-defined]
        while not server.closed.wait(0.1):
            handler.wfile.write(b" ")  # type: ignore[attr-defined]
            handler.wfile.flush()  # type: ignore[attr-defined]

    server.routes["/large"] = lambda _request: (200, {}, b" " * (50 * 1024 * 1024))
    server.routes["/slow"], server.raw = drip, {"/slow"}
    try:
        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        for path in ("large", "slow"):
            refused(run(home(tmp_path, f"http://127.0.0.1:{server.port}/{path}", broker=ALLOW), "--online"), " metadata_fetch: ")
        assert time.monotonic() - started < 15
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024  # the 50 MiB are this process's own
    finally:
        server.close()


def test_cached_for_a_century(tmp_path: Path) -> None:
    """SM-04: a cacheDuration of 100 years is no error; how long a copy serves is capped (test_how_long_a_copy_serves)."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/m.xml").write_text(entity(more=' cacheDuration="P100Y"'))
    assert run(home(tmp_path, "config/m.xml")).exit_code == 0


@pytest.mark.parametrize("name", ["https%3A%2F%2Fidp.fabrikam.example%2Fsaml", "%7Bsha1%7D4a3b0d0c2e1f"])
def test_a_query_service(tmp_path: Path, name: str) -> None:
    """HS-36, HS-38: one entity out of an MDQ service, its identifier in the path to the octet as the file writes it."""
    server = Server()
    server.routes[f"/entities/{name}"] = lambda _request: (200, {}, signed(entity()).encode())
    try:
        place = home(tmp_path, f"http://127.0.0.1:{server.port}/entities/{name}", PINNED + THIS_ENTITY, broker=ALLOW)
        result = run(place, "--online")
        assert result.exit_code == 0, result.stderr
        assert f"fabrikam: {IDP}, 1 key" in result.stdout
        assert [request.path for request in server.requests] == [f"/entities/{name}"]
    finally:
        server.close()


def test_fc_12_a_bad_file_is_named_beside_other_mistakes(tmp_path: Path) -> None:
    """A wrong key in another file, in broker.yaml or in the partner's own file does not hide that metadata is bad."""
    text = entity(more=' validUntil="2020-01-01T00:00:00Z"')
    place = home(tmp_path, "config/m.xml", "colour: red\n", broker=BROKER + "colour: red\n")
    (tmp_path / "config/m.xml").write_text(text)
    (place / "config/applications/payroll.yaml").write_text("name: Payroll\ncolour: red\n")
    result = run(place)
    assert result.exit_code == 1
    named = [line.split(": ")[0].partition(":")[0] + " " + line.split(": ")[1] for line in result.stderr.splitlines()]
    assert named == [
        "config/applications/payroll.yaml colour",
        "config/broker.yaml colour",
        "config/partners/fabrikam.yaml saml.metadata",
        "config/partners/fabrikam.yaml colour",
    ]
    assert "metadata_expired" in result.stderr
