"""HW-3, SC-02, SC-05: the broker's cookies, as written and as read."""

from __future__ import annotations

import re

import pytest
from flask import Request, Response

from broker.domain.ids import new_secret
from broker.web.cookies import CookiePurpose, Cookies

ISSUER = "http://localhost:8080"


def asked(cookie: str) -> Request:
    """A request with this Cookie header."""
    return Request({"REQUEST_METHOD": "GET", "HTTP_COOKIE": cookie})


@pytest.mark.parametrize("purpose", list(CookiePurpose))
def test_attributes(purpose: CookiePurpose) -> None:
    """HW-3, SC-02: `__Host-`, Secure, HttpOnly, SameSite=Lax, Path=/, no Domain; on loopback http too."""
    response = Response()
    Cookies(ISSUER).set(response, purpose, "x" * 43)
    parts = response.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(rf"__Host-[0-9a-f]{{8}}-{purpose}=x{{43}}", parts[0])
    assert sorted(parts[1:]) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]


def test_end_has_the_same_attributes() -> None:
    """A cookie ends only under the attributes it was set with."""
    response = Response()
    Cookies(ISSUER).clear(response, CookiePurpose.SESSION)
    assert re.fullmatch(
        r"__Host-[0-9a-f]{8}-s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; Path=/; SameSite=Lax",
        response.headers["Set-Cookie"],
    )


def test_issuers_do_not_share_names() -> None:
    """Two brokers on one loopback host keep their browsers apart."""
    assert Cookies(ISSUER).name(CookiePurpose.SESSION) != Cookies("http://localhost:8081").name(CookiePurpose.SESSION)


def test_reads_what_it_wrote() -> None:
    """The value of `ids.new_secret` comes back."""
    cookies, value = Cookies(ISSUER), new_secret()
    assert cookies.read(asked(f"{cookies.name(CookiePurpose.BROWSER)}={value}"), CookiePurpose.BROWSER) == value
    assert cookies.read(asked(f"{cookies.name(CookiePurpose.LANGUAGE)}=pt-BR"), CookiePurpose.LANGUAGE) == "pt-BR"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "short",
        "x" * 42,
        "x" * 44,
        "x" * 42 + "=",
        "x" * 42 + " ",
        "x" * 42 + "\xe9",
        "\xff" * 43,
        '"' + "x" * 41 + '"',
        "x" * 42 + "%0a",
    ],
)
def test_malformed_value_is_nobody(value: str) -> None:
    """SC-05: a forged, truncated or garbled cookie is an anonymous visitor, never an error."""
    cookies = Cookies(ISSUER)
    assert cookies.read(asked(f"{cookies.name(CookiePurpose.SESSION)}={value}"), CookiePurpose.SESSION) is None
    assert cookies.read(asked(f"{cookies.name(CookiePurpose.LANGUAGE)}={value}x" + "1" * 60), CookiePurpose.LANGUAGE) is None


@pytest.mark.parametrize("value", ["", "../x", "Fabrikam", "-x", "x" * 129, "<b>"])
def test_malformed_home_is_none(value: str) -> None:
    """SC-05: the remembered organization is an id, or nothing."""
    cookies = Cookies(ISSUER)
    assert cookies.read(asked(f"{cookies.name(CookiePurpose.HOME)}={value}"), CookiePurpose.HOME) is None
    assert cookies.read(asked(f"{cookies.name(CookiePurpose.HOME)}=fabrikam"), CookiePurpose.HOME) == "fabrikam"


def test_other_names_are_ignored() -> None:
    """SC-02: the same cookie without its prefix, as a sibling subdomain can plant it, is not ours."""
    cookies = Cookies(ISSUER)
    name = cookies.name(CookiePurpose.SESSION)
    assert cookies.read(asked(f"{name.removeprefix('__Host-')}={'x' * 43}"), CookiePurpose.SESSION) is None
    assert cookies.read(asked(""), CookiePurpose.SESSION) is None
