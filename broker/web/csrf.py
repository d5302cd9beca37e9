"""Forms come from our own pages: a token of session and login, and the Origin header (HW-5, SC-04)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from flask import Request

from broker.domain.errors import BadRequest
from broker.domain.origin import origin_of

FIELD = "csrf"  # the input's name in every form that we render


def token(secret: str, scope: str) -> str:
    """The token of a form. secret: the value of the cookie it is bound to; scope: the login's handle, or the form's name.

    base64url(HMAC-SHA256(secret, "csrf:" + scope)), 43 characters. It opens nothing without the cookie.
    """
    mac = hmac.digest(secret.encode(), f"csrf:{scope}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def check(request: Request, secret: str | None, scope: str, issuer: str) -> None:
    """Raise BadRequest("csrf") unless this POST carries the token of `secret` and `scope` and no foreign Origin."""
    check_origin(request, issuer)
    sent = request.form.getlist(FIELD)
    if secret is None or len(sent) != 1:
        raise BadRequest("csrf")
    if not hmac.compare_digest(sent[0].encode("utf-8", "replace"), token(secret, scope).encode()):
        raise BadRequest("csrf")


def check_origin(request: Request, issuer: str) -> None:
    """An Origin header, where the browser sends one, names us; `null` does not (RFC 6454 7.1).

    Some browsers say `null` for a form of a page that sends no Referer, as ours do. Then only Sec-Fetch-Site, which no
    page can set, may say that the form is our own (Fetch Metadata 2.4).
    """
    sent = request.headers.getlist("Origin")
    if sent == ["null"] and request.headers.getlist("Sec-Fetch-Site") == ["same-origin"]:
        return
    if sent and (len(sent) > 1 or origin_of(sent[0]) != origin_of(issuer)):
        raise BadRequest("csrf", "origin")
