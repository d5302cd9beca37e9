"""The broker's cookies: their names, their attributes, and how little a malformed one can do (HW-3, SC-02, SC-05)."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from functools import cache

from flask import Request, Response

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # 256 random bits as base64url: what `ids.new_secret` makes
_PARTNER = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}(?:/[0-9a-f]{32})?", re.ASCII)  # the id of a file, or FEDERATION/HASH
_SEALED = re.compile(r"[A-Za-z0-9_.-]{20,600}", re.ASCII)  # what keyring/seal.py writes
_COLUMNS = re.compile(r"[a-z]{1,10}(\.[a-z]{1,10}){0,9}", re.ASCII)  # names with dots between them
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}", re.ASCII)


class CookiePurpose(StrEnum):
    """What a cookie is for; the value ends its name."""

    BROWSER = "b"  # binds the logins of one browser (HW-13)
    SESSION = "s"
    INVITATION = "i"  # the ticket of the invitation that is being redeemed
    QUESTION = "q"  # the ticket of the question that is being answered
    ADMINISTRATOR = "a"  # the ticket of an administrator's link
    SETUP = "p"  # the ticket of a set-up link
    LANGUAGE = "l"  # no secret: the language that the person chose
    MAILBOX = "m"  # sealed: the mailbox that was proven last in this browser (FA-13); it signs nobody in
    SIGN_OUT = "o"  # sealed: the request that signs this browser's person out at their home organization
    COLUMNS = "c"  # no secret: the columns of the list of guests
    HOME = "h"  # no secret: the partner that vouched last in this browser


_SHAPES = {
    CookiePurpose.COLUMNS: _COLUMNS,
    CookiePurpose.LANGUAGE: _LANGUAGE,
    CookiePurpose.HOME: _PARTNER,
    CookiePurpose.MAILBOX: _SEALED,
    CookiePurpose.SIGN_OUT: _SEALED,
}


@cache  # of the issuer
def _prefix(issuer: str) -> str:
    return "__Host-" + hashlib.sha256(issuer.encode()).hexdigest()[:8]


class Cookies:
    """Reads and writes the cookies of one issuer."""

    def __init__(self, issuer: str) -> None:
        """issuer: its hash keeps two brokers on one loopback host apart."""
        self._prefix = _prefix(issuer)

    def name(self, purpose: CookiePurpose) -> str:
        """`__Host-`, eight hexadecimal digits of the issuer's hash, and the purpose."""
        return f"{self._prefix}-{purpose.value}"

    def read(self, request: Request, purpose: CookiePurpose) -> str | None:
        """The cookie's value; None where it is missing or malformed: an anonymous visitor (HW-3, SC-05)."""
        value = request.cookies.get(self.name(purpose))
        if value is None:
            return None
        shape = _SHAPES.get(purpose, _SECRET)
        return value if shape.fullmatch(value) else None

    def set(self, response: Response, purpose: CookiePurpose, value: str, *, max_age: int | None = None) -> None:
        """Write the cookie. max_age: seconds; None: until the browser closes. RFC 6265bis 4.1.3."""
        response.set_cookie(self.name(purpose), value, max_age=max_age, path="/", secure=True, httponly=True, samesite="Lax")

    def clear(self, response: Response, purpose: CookiePurpose) -> None:
        """End the cookie, with the attributes that it was set with, or browsers keep it."""
        response.delete_cookie(self.name(purpose), path="/", secure=True, httponly=True, samesite="Lax")
