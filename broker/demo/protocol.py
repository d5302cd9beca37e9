"""What a partner's identity provider works with: its people, its clients, a checked request, an error, the proofs of a client."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SFA, MFA = "https://refeds.org/profile/sfa", "https://refeds.org/profile/mfa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One of the partner's people. email_verified: None leaves the claim out. claims: further ones (`groups`, `hd`, `tid` ...)."""

    subject: str
    name: str
    email: str
    email_verified: bool | None = True
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A relying party of this partner; without a secret it is public and must use PKCE."""

    client_id: str
    redirect_uris: tuple[str, ...]
    client_secret: str | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoSession:
    """Who is signed in in one browser, since when (seconds since 1970), and whether with a second factor."""

    subject: str
    auth_time: int
    second_factor: bool = False
    sid: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A checked authorization request."""

    client: Client
    redirect_uri: str
    params: Mapping[str, str]

    @property
    def prompt(self) -> tuple[str, ...]:
        """The values of `prompt`."""
        return tuple(self.params.get("prompt", "").split())

    @property
    def wants_second_factor(self) -> bool:
        """Whether acr_values asks for multi-factor authentication."""
        return MFA in self.params.get("acr_values", "").split()


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for until it is spent."""

    request: Request
    session: DemoSession
    expires_at: int


class ProtocolError(Exception):
    """A protocol error. redirect_uri: where the browser takes it; None: a page, or JSON with this status."""

    def __init__(self, error: str, description: str, *, status: int = 400, request: Request | None = None) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description, self.status, self.request = error, description, status, request


def basic(authorization: str) -> tuple[str, str]:
    """Client id and secret of a Basic header, form-decoded (RFC 6749 2.3.1)."""
    scheme, _, value = authorization.partition(" ")
    try:
        name, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name, colon, secret = "", "", ""
    if scheme.lower() != "basic" or not colon:
        raise ProtocolError("invalid_client", "the Authorization header is not Basic", status=401)
    return urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(secret)


def check_verifier(challenge: str | None, verifier: str | None) -> None:
    """RFC 7636 4.6; a verifier without a challenge is refused too (RFC 9700 2.1.1)."""
    if (challenge is None) != (verifier is None):
        raise ProtocolError("invalid_grant", "code_verifier and code_challenge go together")
    if challenge is not None and verifier is not None:
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if not hmac.compare_digest(made.encode(), challenge.encode()):
            raise ProtocolError("invalid_grant", "code_verifier does not fit")
