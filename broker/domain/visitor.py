"""The browser that a request comes from, as far as a sign-in needs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser at one moment; none of its values is verified yet.

    binding: the cookie that binds a login to the browser that began it (HW-13). session_cookie: of a session that may still
    be live. address: the client's, by the rules of trusted proxies (SC-09).
    """

    binding: str | None
    session_cookie: str | None
    address: str
