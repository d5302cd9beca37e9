"""Records of the token endpoint: a used code and a family of refresh tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def confirmation(jkt: str | None, x5t: str | None) -> dict[str, str]:
    """The members of `cnf`: the thumbprints of a key (RFC 9449 6.1) and of a certificate (RFC 8705 3.1); empty for a bearer token."""
    return {name: value for name, value in (("jkt", jkt), ("x5t#S256", x5t)) if value is not None}


@dataclass(frozen=True, slots=True)
class SpentCode:
    """A code that was just used, with what it is bound to (HP-29). challenge: of PKCE, jkt: of a key (RFC 9449 10); None without."""

    grant_id: str
    redirect_uri: str
    challenge: str | None
    jkt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """A device that waits for a person (RFC 8628). polled_at: when it asked last; pause: seconds until it may ask again.

    grant_id: of the sign-in that allowed it, None before. denied: the person refused, or may not. spent: it has its tokens.
    """

    client_id: str
    scopes: tuple[str, ...]
    expires_at: int
    polled_at: int | None
    pause: int
    grant_id: str | None
    denied: bool
    spent: bool


@dataclass(frozen=True, slots=True)
class RefreshFamily:
    """The refresh tokens that follow each other: one client, one grant, an absolute end (HP-34, HP-35). jkt: the key of a public client."""

    id: str
    grant_id: str
    expires_at: int
    jkt: str | None = None


@dataclass(frozen=True, slots=True)
class TakenRefresh:
    """A refresh token that may be answered.

    answer: the response to one that was just replaced, to be repeated (`tokens.refresh_grace`). stays: it was not used up, and is
    good for further requests (FAPI 2.0 5.3.2.1).
    """

    family: RefreshFamily
    answer: Mapping[str, Any] | None = None
    stays: bool = False
