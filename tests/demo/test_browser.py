"""The small browser behaves as Chromium does where a sign-in depends on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, make_response, redirect, request

from broker.demo.browser import Browser, BrowserError
from broker.demo.browser.cookies import CookieJar, is_secure, same_site
from broker.demo.browser.document import read
from broker.demo.serving import LoopbackServer, PortTaken, check_free, free_port
from tests.clock import Clock


@pytest.fixture
def jar(clock: Clock) -> CookieJar:
    """An empty jar."""
    return CookieJar(clock)


def _echo(headers: dict[str, str] | None = None) -> Flask:
    app = Flask(__name__)

    @app.route("/echo", methods=["GET", "POST"])
    def echo() -> Response:
        said = {"cookie": request.headers.get("Cookie", ""), "origin": request.headers.get("Origin", ""), "site": request.headers["Sec-Fetch-Site"],
                "method": request.method, "values": request.values.to_dict()}  # fmt: skip
        return make_response(said)

    @app.route("/set")
    def set_cookie() -> Response:
        answer = make_response("<main data-page='set'></main>")
        for text in request.args.getlist("c"):
            answer.headers.add("Set-Cookie", text)
        return answer

    @app.route("/go/<int:status>", methods=["GET", "POST"])
    def go(status: int) -> Any:
        return redirect(request.args["to"], status)

    @app.route("/loop")
    def loop() -> Any:
        return redirect("/loop", 302)

    @app.route("/form")
    def form() -> Response:
        action = request.args["to"]
        html = f'<main data-page="form"><form method="post" action="{action}"><input name="a" value="1"><button data-primary>Go</button></form></main>'
        answer = make_response(html)
        answer.headers.update(headers or {})
        return answer

    return app


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[str, str]]:
    """Two sites."""
    servers = (
        LoopbackServer("127.0.0.2").start(_echo()),
        LoopbackServer("127.0.0.3").start(_echo({"Referrer-Policy": "no-referrer"})),
    )
    yield servers[0].address, servers[1].address
    for server in servers:
        server.close()


def test_host_prefix_on_loopback(two: tuple[str, str]) -> None:
    """HW-3: __Host- and Secure are kept over loopback http, and only in their proper form."""
    browser = Browser()
    good = "__Host-a=1; Secure; Path=/; HttpOnly; SameSite=Lax"
    bad = ["__Host-b=1; Path=/", "__Host-c=1; Secure; Path=/set", "__Host-d=1; Secure; Path=/; Domain=127.0.0.2", "e=1; SameSite=None",
           "__Secure-f=1", "g=1; Domain=example.org", "h=" + "x" * 5000]  # fmt: skip
    browser.get(f"{two[0]}/set?" + "&".join("c=" + text.replace("; ", ";+") for text in [good, *bad]))
    assert browser.cookies.of("127.0.0.2") == {"__Host-a": "1"}
    assert [name for name, _ in browser.cookies.refused] == ["__Host-b", "__Host-c", "__Host-d", "e", "__Secure-f", "g", "h"]


def test_secure_needs_a_secure_way(jar: CookieJar) -> None:
    """A Secure cookie over plain http of another host is neither taken nor sent."""
    jar.store("http://example.org/", "a=1; Secure")
    assert jar.refused == [("a", "Secure from a page that is not")]
    jar.store("https://example.org/", "b=1; Secure")
    assert jar.sent("http://example.org/", method="GET", cross_site=False) == []
    assert jar.sent("https://example.org/", method="GET", cross_site=False) == [("b", "1")]
    assert is_secure("http://localhost:1/")
    assert is_secure("http://[::1]/")
    assert not is_secure("http://10.0.0.1/")


def test_paths_and_domains(jar: CookieJar) -> None:
    """RFC 6265bis 5.1.3, 5.1.4: host-only, Domain, the default path, longest path first."""
    jar.store("https://www.example.org/a/b", "own=1")
    jar.store("https://www.example.org/a/b", "all=2; Domain=.example.org; Path=/")
    jar.store("https://www.example.org/a/b", "bad=3; Path=relative")
    assert jar.sent("https://www.example.org/a/", method="GET", cross_site=False) == [("own", "1"), ("bad", "3"), ("all", "2")]
    assert jar.sent("https://other.example.org/a/", method="GET", cross_site=False) == [("all", "2")]
    assert jar.sent("https://www.example.org/ab", method="GET", cross_site=False) == [("all", "2")]


def test_expiry(jar: CookieJar, clock: Clock) -> None:
    """Max-Age before Expires; what is over is neither sent nor listed; a past date deletes."""
    url = "https://example.org/"
    jar.store(url, "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    jar.store(url, "b=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT")
    jar.store(url, "c=1; Max-Age=soon")
    jar.store(url, "d=1; Expires=whenever")
    clock.advance(60)
    assert sorted(cookie.name for cookie in jar) == ["b", "c", "d"]
    jar.store(url, "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    jar.put("example.org", "c", "planted")
    assert jar.of("example.org") == {"c": "planted", "d": "1"}
    jar.clear()
    assert list(jar) == []


def test_same_site_is_without_port() -> None:
    """Ports do not make sites; schemes, addresses and registrable domains do."""
    assert same_site("http://127.0.0.2:1/", "http://127.0.0.2:2/")
    assert not same_site("http://127.0.0.2/", "http://127.0.0.3/")
    assert same_site("https://a.example.org/", "https://b.example.org/")
    assert not same_site("http://example.org/", "https://example.org/")


@pytest.mark.parametrize(("how", "sent"), [("Strict", ""), ("Lax", "c=1"), ("None; Secure", "c=1")])
def test_links_across_sites(two: tuple[str, str], how: str, sent: str) -> None:
    """A link from another site carries Lax and None, not Strict; one typed carries all."""
    browser = Browser()
    page = browser.get(f"{two[1]}/form?to=/")
    browser.get(f"{two[0]}/set?c=c=1;+SameSite={how.replace('; ', ';+')}")
    assert browser.get(f"{two[0]}/echo", opener=page).json()["cookie"] == sent
    assert browser.get(f"{two[0]}/echo").json()["cookie"] == "c=1"
    assert browser.get(f"{two[1]}/go/302?to={two[0]}/echo", opener=page).json()["cookie"] == sent


@pytest.mark.parametrize(("how", "sent"), [("Strict", ""), ("Lax", ""), ("None; Secure", "c=1")])
def test_forms_across_sites(two: tuple[str, str], how: str, sent: str) -> None:
    """HW-4: a POST from another site carries only SameSite=None; Origin is null under no-referrer."""
    browser = Browser()
    browser.get(f"{two[0]}/set?c=c=1;+SameSite={how.replace('; ', ';+')}")
    page = browser.get(f"{two[1]}/form?to={two[0]}/echo")
    assert browser.submit(page).json() == {
        "cookie": sent,
        "origin": "null",
        "site": "cross-site",
        "method": "POST",
        "values": {"a": "1"},
    }
    assert browser.post(f"{two[0]}/echo", {}).json()["cookie"] == sent
    own = browser.get(f"{two[0]}/form?to=/echo")
    assert browser.submit(own).json()["cookie"] == "c=1"
    assert browser.submit(own).json()["origin"] == two[0]
    assert browser.submit(own).json()["site"] == "same-origin"


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_redirects(two: tuple[str, str], status: int, method: str) -> None:
    """What becomes of a POST at each redirect; the hops are remembered."""
    browser = Browser()
    page = browser.get(f"{two[0]}/form?to=/go/{status}?to=/echo")
    assert browser.submit(page).json()["method"] == method
    assert [hop.status for hop in browser.hops] == [status, 200]


def test_redirects_that_stop(two: tuple[str, str]) -> None:
    """Not followed: a foreign scheme, an address the caller wants to see, a circle."""
    browser = Browser()
    native = browser.get(f"{two[0]}/go/303?to=com.example.app:/cb?code%3D1")
    assert native.location == "com.example.app:/cb?code=1"
    assert native.query == {"code": "1"}
    assert browser.get(f"{two[0]}/go/303?to={two[1]}/echo", stop_at=two[1]).status == 303
    with pytest.raises(BrowserError, match="20 redirects"):
        browser.get(f"{two[0]}/loop")


PAGE = """<!doctype html><html lang=nl><head><title> A  title </title><script>var x = "<form>"</script></head><body>
<main data-page="review-permissions" data-request-id="R-1"><h1>Hello <b>you</b></h1><div data-error="x" data-page="inner"></div>
<form id=lang action=/lang><select name=l><option value=en><option value=nl selected>NL</select><button>Set</button></form>
<form id=f method=POST action="go?x=1"><input type=hidden name=csrf value=t><input name=email><input type=checkbox name=accept value=yes>
<input type=radio name=r value=1 checked><input type=radio name=r value=2><input type=button name=no><input name=off disabled>
<textarea name=note>old
text</textarea><input type=submit name=s value=Send><button name=do value=yes data-primary>Accept</button>
<button type=button>Script</button></form><button form=f name=do value=no formaction=/refuse formmethod=get>Decline</button><input form=none name=lost>
<a href="/next" data-primary>Next &amp; on</a><code>ABCD</code></main></body></html>"""


def test_document() -> None:
    """Marks, forms, buttons, links, codes, text."""
    found = read(PAGE)
    assert found.data["data-page"] == "review-permissions"
    assert (found.data["data-request-id"], found.data["data-error"]) == ("R-1", "x")
    assert (found.title, found.heading, found.language, found.codes) == ("A title", "Hello you", "nl", ["ABCD"])
    assert found.links == [("Next & on", "/next")]
    assert found.primary_link == "/next"
    assert "var x" not in found.text
    language, form = found.forms
    assert language.primary is None
    assert language.data(language.buttons[0], {}) == [("l", "nl")]
    assert form.primary is not None
    assert form.data(form.primary, {"email": "a@b", "extra": "1"}) == [
        ("csrf", "t"), ("email", "a@b"), ("r", "1"), ("note", "old\ntext"), ("extra", "1"), ("do", "yes"),
    ]  # fmt: skip
    assert form.data(None, {"accept": "yes"})[2] == ("accept", "yes")
    assert [pair for pair in form.data(None, {"r": "2"}) if pair[0] == "r"] == [("r", "2")]  # one radio button of a name
    assert [(b.text, b.value, b.action, b.method) for b in form.buttons] == [
        ("Send", "Send", "", ""), ("Accept", "yes", "", ""), ("Decline", "no", "/refuse", "get"),
    ]  # fmt: skip


def test_pages_say_what_is_missing(two: tuple[str, str]) -> None:
    """No primary form, no such button, no such link: an error with the page's name."""
    browser = Browser()
    page = browser.get(f"{two[0]}/set")
    for attempt in (
        lambda: browser.submit(page),
        lambda: browser.submit(page, press="x"),
        lambda: page.link("x"),
        lambda: browser.follow(page, "x"),
    ):
        with pytest.raises(BrowserError, match="page set"):
            attempt()


def _page(html: str) -> Callable[..., Any]:
    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        said = html if environ["PATH_INFO"] == "/" else "{REQUEST_METHOD} {PATH_INFO}?{QUERY_STRING}".format(**environ)
        start("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(said.encode())))])
        return [said.encode()]

    return app


def test_buttons_and_links() -> None:
    """formaction, formmethod, GET forms, primary links."""
    server = LoopbackServer("127.0.0.2").start(_page(PAGE))
    try:
        browser = Browser()
        page = browser.get(f"{server.address}/#top")
        assert browser.submit(page, press="Decline").text.startswith("GET /refuse?csrf=t&email=")
        assert browser.submit(page, press="Set").text == "GET /lang?l=nl"
        assert browser.submit(page).text == "POST /go?x=1"
        assert browser.proceed(page).text == "GET /next?"
        assert browser.follow(page, "Next").text == "GET /next?"
        assert str(page).startswith("page review-permissions x (200, ")
    finally:
        server.close()


def test_port_taken() -> None:
    """A port that somebody has is one clear line."""
    server = LoopbackServer("127.0.0.2")
    try:
        with pytest.raises(PortTaken, match=f"port {server.port} of 127.0.0.2"):
            check_free("127.0.0.2", server.port)
    finally:
        server.close()


def test_a_free_port_is_not_one_of_the_system() -> None:
    """No connection and no server on port 0 takes a free port before its server starts: it lies below their range."""
    first, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert all(1024 < free_port("127.0.0.2") < first for _ in range(50))
