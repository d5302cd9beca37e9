"""Navigation: requests, redirects, links and forms of one person's browser, on the standard library.

One Browser is one person's browser; it is not for use by two threads at once.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.demo.browser.cookies import CookieJar, origin_of, same_site
from broker.demo.browser.document import Button, Form, HtmlDocument, read

MAX_HOPS = 20  # as Chromium: ERR_TOO_MANY_REDIRECTS
REDIRECTS = (301, 302, 303, 307, 308)


class BrowserError(Exception):
    """The page does not offer what was asked for, or redirects never end."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a navigation. sent: the names of the cookies that went with it."""

    method: str
    url: str
    status: int
    location: str | None = None
    sent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrowserPage:
    """What the browser shows at the end of a navigation.

    url: of this answer, with the fragment that the address bar keeps. headers: names in lower case, several values of one name joined by ", ".
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    document: HtmlDocument = field(default_factory=HtmlDocument)

    @property
    def text(self) -> str:
        """The body as text (UTF-8)."""
        return self.body.decode("utf-8", "replace")

    @property
    def name(self) -> str:
        """`data-page`, or empty."""
        return self.document.data.get("data-page", "")

    @property
    def error(self) -> str:
        """`data-error` of an error page, or empty."""
        return self.document.data.get("data-error", "")

    @property
    def request_id(self) -> str:
        """`data-request-id`: what support needs, or empty."""
        return self.document.data.get("data-request-id", "")

    @property
    def location(self) -> str | None:
        """Where a redirect that was not followed points, as an absolute URL."""
        target = self.headers.get("location")
        return urllib.parse.urljoin(self.url, target) if target is not None else None

    @property
    def query(self) -> dict[str, str]:
        """The parameters of this page's address (of a redirect that was not followed: of its target)."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.location or self.url).query, keep_blank_values=True))

    @property
    def primary(self) -> Form:
        """The form with the `data-primary` button; on a page without one, its only form. Raises BrowserError."""
        forms = [form for form in self.document.forms if form.primary is not None]
        if not forms and len(self.document.forms) == 1:
            forms = list(self.document.forms)
        if len(forms) != 1:
            raise BrowserError(f"{len(forms)} forms with a primary button on {self}")
        return forms[0]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def link(self, text: str) -> str:
        """The absolute address of the first link whose text or address holds `text`. Raises BrowserError."""
        for label, href in self.document.links:
            if text in label or text in href:
                return urllib.parse.urljoin(self.url, href)
        raise BrowserError(f"no link {text!r} on {self}")

    def __str__(self) -> str:
        said = f" {self.error}" if self.error else ""
        return f"page {self.name or self.document.title or '?'}{said} ({self.status}, {self.url.partition('?')[0]})"


class Browser:
    """One person's browser.

    languages: Accept-Language. headers: sent with every request. clock: seconds since 1970, for the expiry of cookies.
    tls: whom its owner trusts; the system's authorities by default.
    """

    def __init__(
        self,
        *,
        languages: str = "en",
        headers: Mapping[str, str] | None = None,
        timeout: float = 30,
        clock: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.cookies = CookieJar(clock)
        self.hops: list[Hop] = []
        self._timeout = timeout
        self._tls = tls
        self._headers = {
            "User-Agent": "Mozilla/5.0 (test browser)",
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Language": languages,
            **(headers or {}),
        }

    def get(
        self, url: str, *, accept: str | None = None, stop_at: str | None = None, opener: BrowserPage | None = None
    ) -> BrowserPage:
        """Open an address as if typed, or as a link on `opener`.

        accept: another Accept header. stop_at: do not follow a redirect to an address that starts so; it is then the page's `location`.
        """
        return self._navigate("GET", url, None, opener, accept, stop_at)

    def post(self, url: str, fields: Mapping[str, str] | Sequence[tuple[str, str]], *, opener: BrowserPage | None = None,
             stop_at: str | None = None) -> BrowserPage:  # fmt: skip
        """Send a form to an address; `opener` is the page that held it (None: a foreign page without an origin)."""
        return self._navigate("POST", url, urllib.parse.urlencode(fields).encode(), opener, None, stop_at)

    def submit(self, page: BrowserPage, fields: Mapping[str, str] | None = None, *, press: str | None = None,
               stop_at: str | None = None) -> BrowserPage:  # fmt: skip
        """Fill in and send the page's form.

        press: value, name or text of the button to use; without it the primary one. A value of `fields` replaces what the form holds.
        """
        form, button = self._button(page, press)
        pairs = form.data(button, fields or {})
        action = urllib.parse.urljoin(page.url, (button and button.action) or form.action or page.url)
        if ((button and button.method) or form.method) == "post":
            return self._navigate("POST", action, urllib.parse.urlencode(pairs).encode(), page, None, stop_at)
        bare = action.partition("#")[0].partition("?")[0]
        return self._navigate("GET", f"{bare}?{urllib.parse.urlencode(pairs)}", None, page, None, stop_at)

    def proceed(self, page: BrowserPage, fields: Mapping[str, str] | None = None, *, stop_at: str | None = None) -> BrowserPage:
        """Do what the page is for: its primary link, or its primary form with `fields`."""
        if page.document.primary_link:
            return self.get(urllib.parse.urljoin(page.url, page.document.primary_link), opener=page, stop_at=stop_at)
        return self.submit(page, fields, stop_at=stop_at)

    def follow(self, page: BrowserPage, text: str, *, stop_at: str | None = None) -> BrowserPage:
        """Click the first link whose text or address holds `text`."""
        return self.get(page.link(text), opener=page, stop_at=stop_at)

    @staticmethod
    def _button(page: BrowserPage, press: str | None) -> tuple[Form, Button | None]:
        if press is None:
            return page.primary, page.primary.primary
        for wanted in (lambda b: b.value == press, lambda b: b.name == press, lambda b: press in b.text):
            for form in page.document.forms:
                for button in form.buttons:
                    if wanted(button):
                        return form, button
        raise BrowserError(f"no button {press!r} on {page}")

    def _navigate(
        self, method: str, url: str, body: bytes | None, opener: BrowserPage | None, accept: str | None, stop_at: str | None
    ) -> BrowserPage:
        """Follow redirects; the page that began it stays the initiator of every hop (RFC 6265bis 5.2)."""
        self.hops = []
        initiator = opener.url if opener is not None else None
        while True:
            if len(self.hops) >= MAX_HOPS:
                raise BrowserError(f"more than {MAX_HOPS} redirects, at {url}")
            page = self._request(method, url, body, opener, initiator, accept)
            target = page.location
            if page.status not in REDIRECTS or target is None:
                return page
            if not target.startswith(("http://", "https://")) or (stop_at is not None and target.startswith(stop_at)):
                return page
            if initiator is not None and not same_site(initiator, page.url):
                initiator = page.url  # what a foreign site redirects to is its doing
            if page.status == 303 or (page.status in (301, 302) and method == "POST"):
                method, body = "GET", None  # Fetch, HTTP-redirect fetch, step 12
            url = target

    def _request(
        self, method: str, url: str, body: bytes | None, opener: BrowserPage | None, initiator: str | None, accept: str | None
    ) -> BrowserPage:
        parts = urllib.parse.urlsplit(url)
        foreign = initiator is not None and not same_site(initiator, url)
        unknown = method == "POST" and opener is None
        cookies = self.cookies.sent(url, method=method, cross_site=foreign or unknown)
        headers = {**self._headers, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        headers["Sec-Fetch-Site"] = _fetch_site(initiator, url) if not unknown else "cross-site"
        if accept is not None:
            headers["Accept"] = accept
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies)
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            silent = opener is None or opener.headers.get("referrer-policy") == "no-referrer"
            headers["Origin"] = (
                "null" if silent or initiator is None else origin_of(initiator)
            )  # Fetch, append a request Origin header
        status, pairs, answer = self._exchange(method, parts, headers, body)
        merged: dict[str, str] = {}
        for name, value in pairs:
            if name == "set-cookie":
                self.cookies.store(url, value)
            merged[name] = f"{merged[name]}, {value}" if name in merged else value
        self.hops.append(Hop(method, url, status, merged.get("location"), tuple(name for name, _ in cookies)))
        html = merged.get("content-type", "").startswith("text/html")
        return BrowserPage(url, status, merged, answer, read(answer.decode("utf-8", "replace")) if html else HtmlDocument())

    def _exchange(self, method: str, parts: urllib.parse.SplitResult, headers: Mapping[str, str], body: bytes | None) -> tuple[
        int, list[tuple[str, str]], bytes
    ]:  # fmt: skip
        host, port = parts.hostname or "", parts.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=self._timeout)
        )
        target = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(method, target, body=body, headers=dict(headers))
            with connection.getresponse() as response:
                return response.status, [(name.lower(), value) for name, value in response.getheaders()], response.read()
        finally:
            connection.close()


def _fetch_site(initiator: str | None, url: str) -> str:
    """The value of Sec-Fetch-Site (Fetch Metadata 2.4)."""
    if initiator is None:
        return "none"
    if origin_of(initiator) == origin_of(url):
        return "same-origin"
    return "same-site" if same_site(initiator, url) else "cross-site"
