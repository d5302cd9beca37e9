"""What only a real browser can show: Origin of our forms, forms of other sites, `__Host-` cookies on http loopback, framing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request

from broker.demo.serving import LoopbackServer
from tests.browser.stage import Stage, arrives, walk

OpenContext = Callable[..., BrowserContext]


class Elsewhere:
    """A page of somebody else's, on two origins: another site, and another port of our own host."""

    def __init__(self) -> None:
        self.html = ""
        self.servers = [LoopbackServer("127.0.0.9").start(self._answer), LoopbackServer("localhost").start(self._answer)]

    @property
    def origins(self) -> list[str]:
        """Another site's; our own site's but another origin."""
        return [server.address for server in self.servers]

    def _answer(self, _environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Referrer-Policy", "unsafe-url")])
        return [f"<!doctype html><title>Elsewhere</title>{self.html}".encode()]


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Somebody else's servers."""
    found = Elsewhere()
    yield found
    for server in found.servers:
        server.close()


def posted(page: Page, press: Callable[[], object]) -> tuple[Request, int]:
    """The POST that pressing something sends, and the status of its answer."""
    with page.expect_request(lambda request: request.method == "POST") as sent:
        press()
    page.wait_for_load_state()
    answer = sent.value.response()
    return sent.value, answer.status if answer else 0


def test_our_forms_name_their_origin(open_context: OpenContext, stage: Stage) -> None:
    """SC-04, HW-5: Chromium sends our own Origin although the header says no-referrer, and the check takes it."""
    person = stage.person()
    page = open_context().new_page()
    page.goto(stage.invite(person))
    request, status = posted(page, lambda: page.click("[data-primary]"))
    assert request.all_headers()["origin"] == stage.url
    assert request.all_headers()["sec-fetch-site"] == "same-origin"
    assert status == 303
    arrives(page, "partner-login")


def test_no_page_of_ours_is_named_to_others(open_context: OpenContext, stage: Stage) -> None:
    """AZ-23: neither the partner nor the application learns our addresses from a Referer."""
    person = stage.person()
    page = open_context().new_page()
    sent: dict[str, str] = {}

    def note(request: Request) -> None:
        sent.setdefault(request.url, request.headers.get("referer", ""))

    page.on("request", note)
    page.goto(stage.invite(person))
    walk(page, person)
    others = {url: referer for url, referer in sent.items() if not url.startswith(stage.url)}
    assert others
    assert not any(referer.startswith(stage.url) for referer in others.values())


def test_forms_of_other_sites_are_refused(open_context: OpenContext, stage: Stage, elsewhere: Elsewhere) -> None:
    """SC-04: with the genuine token, from another site (no cookies) and from another port of our own host (with cookies): 403."""
    person = stage.person()
    context = open_context()
    page = context.new_page()
    page.goto(stage.invite(person))
    token = page.get_attribute("form[action] input[name=csrf]", "value") or ""
    elsewhere.html = (
        f'<form method="post" action="{stage.url}/invitation"><input type="hidden" name="csrf" value="{escape(token)}">'
        "<button>Win</button></form>"
    )
    cookies_sent = []
    for origin in elsewhere.origins:
        page.goto(origin)
        request, status = posted(page, lambda: page.click("button"))
        headers = request.all_headers()
        cookies_sent.append("__Host-" in headers.get("cookie", ""))
        assert headers["origin"] == origin
        assert status == 403
        assert page.get_attribute("main", "data-error") == "bad_request"
    assert cookies_sent == [False, True]  # SameSite=Lax keeps them from the other site; the Origin check stops our own host's
    assert stage.guest(person)["state"] == "invited"


def test_consent_cannot_be_framed_or_forged(open_context: OpenContext, stage: Stage, elsewhere: Elsewhere) -> None:
    """AZ-18, AZ-15: a frame around our page stays empty; a forged consent changes nothing."""
    person = stage.person()
    page = open_context().new_page()
    page.goto(stage.invite(person))
    walk(page, person, stop="review-permissions")
    here, token = page.url, page.get_attribute("input[name=csrf]", "value") or ""
    elsewhere.html = f'<iframe src="{escape(here)}"></iframe>'
    page.goto(elsewhere.origins[1])
    page.wait_for_load_state("networkidle")
    assert not any(frame.locator("[data-primary]").count() for frame in page.frames[1:])
    elsewhere.html = (
        f'<form method="post" action="{escape(here)}/consent"><input name="csrf" value="{escape(token)}">'
        '<input name="accept" value="yes"><button>Win</button></form>'
    )
    page.goto(elsewhere.origins[1])
    _, status = posted(page, lambda: page.click("button"))
    assert status == 403
    assert stage.guest(person)["state"] == "invited"


def test_cookies_live_on_http_loopback(open_context: OpenContext, stage: Stage) -> None:
    """SC-02, HW-3: `__Host-`, Secure, HttpOnly and Lax on http://localhost, and Chromium keeps and sends them."""
    person = stage.person()
    context = open_context()
    page = context.new_page()
    page.goto(stage.invite(person))
    walk(page, person)
    ours = [cookie for cookie in context.cookies(stage.url) if cookie["name"].startswith("__Host-")]
    assert {cookie["name"].rpartition("-")[2] for cookie in ours} >= {"b", "s", "h"}
    for cookie in ours:
        assert cookie["secure"]
        assert cookie["httpOnly"]
        assert cookie["path"] == "/"
        assert cookie["domain"] == "localhost"
        assert cookie["sameSite"] == "Lax"
    assert page.evaluate("document.cookie").find("__Host-") == -1
    page.goto(stage.url + "/apps")
    arrives(page, "apps")


def test_session_handle_is_new_at_sign_in(open_context: OpenContext, stage: Stage) -> None:
    """SC-01: a session cookie that was there before the sign-in opens nothing after it."""
    person = stage.person()
    context = open_context()
    page = context.new_page()
    page.goto(stage.invite(person))
    walk(page, person)
    name = next(cookie["name"] for cookie in context.cookies(stage.url) if cookie["name"].endswith("-s"))
    planted = open_context()
    planted.add_cookies([{"name": name, "value": "A" * 43, "url": stage.url.replace("http:", "https:"), "secure": True}])
    page = planted.new_page()
    page.goto(stage.payroll)
    walk(page, person)
    values = [cookie["value"] for cookie in planted.cookies(stage.url) if cookie["name"] == name]
    assert len(values) == 1
    assert values != ["A" * 43]
