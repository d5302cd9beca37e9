"""HW-8, HW-9, RX-06, SC-09, SC-10: what no handler needs to look at again."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask, Request, request
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder

from broker.domain.errors import BadRequest
from broker.settings.load import Settings, load
from broker.web import errors
from broker.web import request as guards
from broker.web.pages import Pages
from tests.browser.gallery import make_home
from tests.web.markup import read

PROXIES = ("192.0.2.0/24", "2001:db8::1")


def application(settings: Settings) -> FlaskClient:
    """One route that reads all it was sent."""
    app = Flask("t", static_folder=None)
    noted: list[str] = []
    errors.register(app, Pages(lambda: settings), record=lambda error, _reference: noted.append(error.reason))
    guards.register(app, lambda: settings, {"/acs": 512 * 1024})

    def echo(rest: str) -> str:
        return f"{rest} {sorted(request.args)} {sorted(request.form)} {len(request.get_data())}"

    app.add_url_rule("/<path:rest>", "echo", echo, methods=["GET", "POST"])
    app.extensions["noted"] = noted
    return app.test_client()


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """The route behind the guards of the gallery's home."""
    return application(settings)


def refused(client: FlaskClient, path: str, **rest: object) -> tuple[int, str]:
    """Status and reason of a refusal."""
    answer = client.open(path, **rest)  # type: ignore[arg-type]
    assert read(answer.text).one("main")["data-error"] == "bad_request"
    return answer.status_code, client.application.extensions["noted"][-1]


def test_plain_requests_pass(client: FlaskClient) -> None:
    """What browsers send."""
    assert client.get("/a?x=%C3%A9&y=").text == "a ['x', 'y'] [] 0"
    assert client.post("/a", data={"email": "a@b.example", "é": "ü"}).text == "a [] ['email', 'é'] 31"
    assert client.post("/a", data=b"{}", content_type="application/json").text == "a [] [] 2"


def test_body_is_capped(client: FlaskClient) -> None:
    """RX-06: 64 KiB, announced or not; more where a path needs it."""
    body = {"x": "a" * guards.BODY}
    assert refused(client, "/a", method="POST", data=body) == (413, "body_size")
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    stream = EnvironBuilder(method="POST", path="/a", data=body).get_environ()
    stream.update(chunked)
    assert client.open(stream).status_code == 413
    assert client.post("/saml/acs", data=body).status_code == 200
    assert refused(client, "/saml/acs", method="POST", data={"x": "a" * 512 * 1024}) == (413, "body_size")


def test_url_is_capped(client: FlaskClient) -> None:
    """RX-06: a 100 KiB URL is 414."""
    assert client.get("/" + "a" * 16_000).status_code == 200
    assert refused(client, "/a?x=" + "a" * 100 * 1024) == (414, "url_size")
    assert refused(client, "/" + "a" * 17_000) == (414, "url_size")


def test_forms_in_parts_are_refused(client: FlaskClient) -> None:
    """HW-8: no page of ours sends multipart, whose fields are read less strictly."""
    form = "multipart/form-data; boundary=x"
    assert refused(client, "/a", method="POST", data=b"--x--", content_type=form) == (400, "content_type")


def test_plain_answers_are_closed_too(client: FlaskClient) -> None:
    """HW-7: what no page made has closed headers, and keeps those it chose."""
    headers = client.get("/a").headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert headers["Cache-Control"] == "no-store"
    assert "script-src" in client.get("/a", headers={"Host": "evil.example"}).headers["Content-Security-Policy"]


def test_fields_are_counted(client: FlaskClient) -> None:
    """HW-8: at most 200 in a query or form."""
    assert client.get("/a?" + "&".join(f"p{n}=" for n in range(200))).status_code == 200
    assert refused(client, "/a?" + "&" * 200) == (400, "field_count")
    assert refused(client, "/a", method="POST", data={f"p{n}": "" for n in range(201)}) == (400, "field_count")


def test_headers_are_capped(client: FlaskClient) -> None:
    """RX-06: many or large headers."""
    assert refused(client, "/a", headers=[(f"X-{n}", "1") for n in range(101)]) == (400, "header_size")
    assert refused(client, "/a", headers=[("X-Big", "a" * 33_000)]) == (400, "header_size")
    assert refused(client, "/a", headers=[("Content-Type", "a" * 33_000)]) == (400, "header_size")


@pytest.mark.parametrize("bad", ["%ff", "%C3", "%ED%A0%80", "%00", "%C0%AF", "a%00b"])
def test_utf8_is_strict(client: FlaskClient, bad: str) -> None:
    """HW-8: bytes that are no UTF-8, and NUL, in path, query and form: 400, never 500."""
    raw = unquote_to_bytes(f"/{bad}").decode("latin-1")  # as a server hands it over
    assert refused(client, "/a", environ_overrides={"PATH_INFO": raw}) == (400, "encoding")
    assert refused(client, f"/a?x={bad}") == (400, "encoding")
    assert refused(client, f"/a?{bad}=x") == (400, "encoding")
    form = {"method": "POST", "content_type": "application/x-www-form-urlencoded"}
    assert refused(client, "/a", data=f"x={bad}", **form) == (400, "encoding")
    assert refused(client, "/a", data=b"x=\xff", **form) == (400, "encoding")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost:81",
        "",
        "localhost@evil.example",
        "localhost/x",
        "127.0.0.1",
        "localhost:x",
        "[",
        "localhost.evil.example",
    ],
)
def test_unknown_host(client: FlaskClient, host: str) -> None:
    """HW-9, SC-10: only the issuer's own host and port."""
    assert refused(client, "/a", headers={"Host": host}) == (400, "host")


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "LOCALHOST"])
def test_known_host(client: FlaskClient, host: str) -> None:
    """The issuer's host, however it is written."""
    assert client.get("/a", headers={"Host": host}).status_code == 200


def test_health_answers_any_host(client: FlaskClient) -> None:
    """A load balancer asks by address; those pages print no link."""
    assert client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_forwarded_host_counts_from_proxies_only(tmp_path: Path) -> None:
    """SC-10: a trusted proxy may say what the browser asked for, nobody else; and it must be the issuer's."""
    make_home(tmp_path, "https://login.contoso.example")
    file = tmp_path / "config/broker.yaml"
    file.write_text(file.read_text() + "network: {trusted_proxies: [192.0.2.0/24]}\n")
    client = application(load(tmp_path, {}))
    near = {"REMOTE_ADDR": "192.0.2.7"}
    right = {"Host": "backend:8000", "X-Forwarded-Host": "login.contoso.example"}
    assert client.get("/a", headers=right, environ_base=near).status_code == 200
    assert refused(client, "/a", headers=right, environ_base={"REMOTE_ADDR": "198.51.100.1"}) == (400, "host")
    poisoned = {"Host": "login.contoso.example", "X-Forwarded-Host": "evil.example"}
    assert refused(client, "/a", headers=poisoned, environ_base=near) == (400, "host")
    assert client.get("/a", headers=poisoned, environ_base={"REMOTE_ADDR": "198.51.100.1"}).status_code == 200
    two = {"Host": "backend", "X-Forwarded-Host": "login.contoso.example, evil.example"}
    assert refused(client, "/a", headers=two, environ_base=near) == (400, "forwarded")


def asked(peer: str | None, *forwarded: str) -> Request:
    """A request of this peer with these X-Forwarded-For lines."""
    headers = [("X-Forwarded-For", line) for line in forwarded]
    environ = EnvironBuilder(headers=headers).get_environ()
    environ["REMOTE_ADDR"] = peer
    return Request(environ)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.1", [], "198.51.100.1"),
        ("198.51.100.1", ["203.0.113.5"], "198.51.100.1"),  # not a proxy of ours: not believed
        ("198.51.100.1", ["nonsense"], "198.51.100.1"),
        ("192.0.2.7", ["203.0.113.5"], "203.0.113.5"),
        ("192.0.2.7", ["10.9.9.9, 203.0.113.5, 192.0.2.8"], "203.0.113.5"),
        ("192.0.2.7", ["nonsense, 203.0.113.5"], "203.0.113.5"),  # behind the first stranger anybody can write anything
        ("192.0.2.7", ["203.0.113.5", "192.0.2.8"], "203.0.113.5"),
        ("192.0.2.7", ["192.0.2.9"], "192.0.2.9"),
        ("192.0.2.7", [], "192.0.2.7"),
        ("2001:db8::1", ["2001:db8:0:0::2"], "2001:db8::2"),
        ("::ffff:192.0.2.7", ["::ffff:203.0.113.5"], "203.0.113.5"),
    ],
)
def test_client_address(peer: str, forwarded: list[str], address: str) -> None:
    """SC-09: the nearest address that is no proxy of ours."""
    assert guards.client_address(asked(peer, *forwarded), PROXIES) == address


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [
        ("192.0.2.7", ["unknown"]),
        ("192.0.2.7", ["203.0.113.5, "]),
        ("192.0.2.7", ["203.0.113.5:80"]),
        (None, []),
        ("", ["203.0.113.5"]),
    ],
)
def test_unreadable_address_is_refused(peer: str | None, forwarded: list[str]) -> None:
    """SC-09: what a trusted proxy says must be readable, or a network policy could be walked around."""
    with pytest.raises(BadRequest) as error:
        guards.client_address(asked(peer, *forwarded), PROXIES)
    assert error.value.reason == "forwarded"


def test_single_field() -> None:
    """HW-8: a field that comes twice has no value."""
    assert guards.single(MultiDict({"a": "1"}), "a") == "1"
    assert guards.single(MultiDict(), "a") == ""
    assert guards.single({"a": "1"}, "a") == "1"
    with pytest.raises(BadRequest) as error:
        guards.single(MultiDict([("a", "1"), ("a", "1")]), "a")
    assert error.value.reason == "duplicate"
