"""The cookie jar of the small browser: RFC 6265bis as Chromium keeps it, with loopback http as a secure place."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Cookie:
    """One stored cookie. domain: empty for a host-only cookie. expires: seconds since 1970, None for the session."""

    name: str
    value: str
    host: str
    domain: str
    path: str
    secure: bool
    http_only: bool
    same_site: str
    expires: float | None


class CookieJar:
    """Cookies of one browser. refused: (name, why) of every cookie that a browser would not take."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._cookies: dict[tuple[str, str, str], Cookie] = {}
        self.refused: list[tuple[str, str]] = []

    def __iter__(self) -> Iterator[Cookie]:
        return iter([cookie for cookie in self._cookies.values() if not self._is_over(cookie)])

    def of(self, host: str) -> dict[str, str]:
        """Name and value of the live cookies of one host."""
        return {cookie.name: cookie.value for cookie in self if cookie.host == host}

    def put(self, host: str, name: str, value: str) -> None:
        """Plant a secure, host-only, Lax cookie, or replace one (a test's thief, or a changed value)."""
        self._cookies[(host, "/", name)] = Cookie(name, value, host, "", "/", True, True, "lax", None)

    def clear(self) -> None:
        """A new browser."""
        self._cookies.clear()

    def sent(self, url: str, *, method: str, cross_site: bool) -> list[tuple[str, str]]:
        """Name and value of the cookies that go with a top-level navigation, longest path first (RFC 6265bis 5.7.3)."""
        parts = urllib.parse.urlsplit(url)
        host = (parts.hostname or "").lower()
        found = [
            cookie
            for cookie in self
            if (cookie.host == host or (cookie.domain and host.endswith("." + cookie.domain)))
            and _path_matches(parts.path or "/", cookie.path)
            and (not cookie.secure or is_secure(url))
            and not (
                cross_site and (cookie.same_site == "strict" or (cookie.same_site == "lax" and method not in ("GET", "HEAD")))
            )
        ]
        return [(cookie.name, cookie.value) for cookie in sorted(found, key=lambda cookie: -len(cookie.path))]

    def store(self, url: str, header: str) -> None:
        """Take one Set-Cookie header of a top-level answer, or note why not."""
        cookie, over = self._read(url, header)
        why = _refusal(cookie, url)
        if why:
            self.refused.append((cookie.name, why))
            return
        key = (cookie.domain or cookie.host, cookie.path, cookie.name)
        if over:
            self._cookies.pop(key, None)
        else:
            self._cookies[key] = cookie

    def _read(self, url: str, header: str) -> tuple[Cookie, bool]:
        pair, *rest = header.split(";")
        name, _, value = pair.strip().partition("=")
        attributes = {key.strip().lower(): text.strip() for key, _, text in (part.partition("=") for part in rest)}
        expires = self._expires(attributes)
        parts = urllib.parse.urlsplit(url)
        path = attributes.get("path", "")
        cookie = Cookie(
            name.strip(),
            value.strip().strip('"'),
            (parts.hostname or "").lower(),
            attributes.get("domain", "").lstrip(".").lower(),
            path if path.startswith("/") else (parts.path.rpartition("/")[0] or "/"),
            "secure" in attributes,
            "httponly" in attributes,
            attributes.get("samesite", "lax").lower(),
            expires,
        )
        return cookie, expires is not None and expires <= self._clock()

    def _expires(self, attributes: dict[str, str]) -> float | None:
        if "max-age" in attributes:
            try:
                return self._clock() + int(attributes["max-age"])
            except ValueError:
                return None
        try:
            return parsedate_to_datetime(attributes["expires"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return None

    def _is_over(self, cookie: Cookie) -> bool:
        return cookie.expires is not None and cookie.expires <= self._clock()


def _refusal(cookie: Cookie, url: str) -> str:
    """Why a browser would not take this cookie, or empty (RFC 6265bis 5.6)."""
    host_prefix = cookie.name.lower().startswith("__host-")
    if cookie.secure and not is_secure(url):
        return "Secure from a page that is not"
    if (host_prefix or cookie.name.lower().startswith("__secure-")) and not cookie.secure:
        return "prefix without Secure"
    if host_prefix and (cookie.domain or cookie.path != "/"):
        return "__Host- with Domain or without Path=/"
    if cookie.same_site == "none" and not cookie.secure:
        return "SameSite=None without Secure"
    if cookie.domain and cookie.host != cookie.domain and not cookie.host.endswith("." + cookie.domain):
        return "Domain of somebody else"
    return "larger than 4096 bytes" if len(cookie.name) + len(cookie.value) > 4096 else ""


def _path_matches(path: str, of: str) -> bool:
    return path == of or (path.startswith(of) and (of.endswith("/") or path[len(of)] == "/"))


def is_loopback(host: str) -> bool:
    """localhost, *.localhost, 127.0.0.0/8 and ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_secure(url: str) -> bool:
    """Whether a browser trusts the way there: https, or loopback (Secure Contexts 3.1)."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def origin_of(url: str) -> str:
    """Scheme, host and port, as the Origin header writes them."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def same_site(one: str, other: str) -> bool:
    """Same scheme and registrable domain; ports do not count. An IP address or a bare name is its own site."""
    return _site(one) == _site(other)


def _site(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    host = (parts.hostname or "").lower()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        host = ".".join(host.split(".")[-2:])
    return parts.scheme, host
