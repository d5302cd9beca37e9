"""HW-5, SC-04: a form counts only with the token of its cookie and scope, and from no foreign origin."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

import pytest
from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from broker.domain.errors import BadRequest
from broker.web import csrf

ISSUER = "https://login.contoso.example"
SECRET, SCOPE = "s" * 43, "a-login"


def posted(data: Mapping[str, object], **headers: str) -> Request:
    """A form POST with these fields and headers."""
    return Request(EnvironBuilder(method="POST", data=data, headers=Headers(headers)).get_environ())


def test_token_is_the_mac_of_its_scope() -> None:
    """base64url(HMAC-SHA256(cookie, "csrf:" + scope)), without padding."""
    mac = hmac.new(SECRET.encode(), b"csrf:a-login", hashlib.sha256).digest()
    assert csrf.token(SECRET, SCOPE) == base64.urlsafe_b64encode(mac).decode().rstrip("=")


@pytest.mark.parametrize("origin", [None, ISSUER, "https://login.contoso.example:443", "https://LOGIN.contoso.example"])
def test_our_own_form_passes(origin: str | None) -> None:
    """With the token, and our Origin or none."""
    headers = {"Origin": origin} if origin else {}
    csrf.check(posted({"csrf": csrf.token(SECRET, SCOPE)}, **headers), SECRET, SCOPE, ISSUER)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"csrf": ""},
        {"csrf": csrf.token("t" * 43, SCOPE)},
        {"csrf": csrf.token(SECRET, "another-login")},
        {"csrf": csrf.token(SECRET, SCOPE) + "="},
        {"csrf": "é"},
        {"csrf": [csrf.token(SECRET, SCOPE)] * 2},
    ],
)
def test_missing_or_foreign_token(sent: dict[str, object]) -> None:
    """SC-04: no token, another cookie's, another login's, a changed one, two of them."""
    with pytest.raises(BadRequest) as refused:
        csrf.check(posted(sent), SECRET, SCOPE, ISSUER)
    assert refused.value.reason == "csrf"


def test_no_cookie_no_token() -> None:
    """Without a cookie no token is right, not even that of an empty one."""
    with pytest.raises(BadRequest):
        csrf.check(posted({"csrf": csrf.token("", SCOPE)}), None, SCOPE, ISSUER)


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "https://evil.example", "http://login.contoso.example", "https://login.contoso.example:8443",
        "https://login.contoso.example.evil.example", "https://[", "https://login.contoso.example:x", "javascript:1",
    ],
)  # fmt: skip
def test_foreign_origin(origin: str) -> None:
    """SC-04: another origin, `null`, or one that cannot be read, although the token is right."""
    with pytest.raises(BadRequest):
        csrf.check(posted({"csrf": csrf.token(SECRET, SCOPE)}, Origin=origin), SECRET, SCOPE, ISSUER)


def test_browsers_hide_our_origin() -> None:
    """SC-04: `null` is ours only where the browser itself says so, in a header that no page can set."""
    body = {"csrf": csrf.token(SECRET, SCOPE)}
    csrf.check(posted(body, **{"Origin": "null", "Sec-Fetch-Site": "same-origin"}), SECRET, SCOPE, ISSUER)
    for said in ("cross-site", "same-site", "none", ""):
        with pytest.raises(BadRequest):
            csrf.check(posted(body, **{"Origin": "null", "Sec-Fetch-Site": said}), SECRET, SCOPE, ISSUER)
    with pytest.raises(BadRequest):
        csrf.check(posted(body, **{"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}), SECRET, SCOPE, ISSUER)


def test_json_is_no_form() -> None:
    """SC-04: the token in a JSON or text body, which another site may send, does not count."""
    body = f'{{"csrf": "{csrf.token(SECRET, SCOPE)}"}}'
    for kind in ("application/json", "text/plain"):
        asked = Request(EnvironBuilder(method="POST", data=body, content_type=kind).get_environ())
        with pytest.raises(BadRequest):
            csrf.check(asked, SECRET, SCOPE, ISSUER)
