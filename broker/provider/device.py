"""Device authorization requests (RFC 8628 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from broker.domain.claims import SCOPES
from broker.domain.errors import OAuthError
from broker.jose.encoding import b64url_encode
from broker.provider.application import ApplicationView

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
PATH = "/device_authorization"
LIFE = 600  # seconds that both codes live
PAUSE = 5  # seconds between two questions of a device (3.2)
SLOWER = 5  # seconds more, after each question that came too early (3.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAuthorization:
    """The response to a device (RFC 8628 3.2). expires_in, interval: seconds."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    verification_uri: str
    expires_in: int = LIFE
    interval: int = PAUSE


def challenge_of(handle: str) -> str:
    """What binds the code of a sign-in to the device that it is for: the hash of the handle, as in PKCE (RFC 7636 4.2)."""
    return b64url_encode(sha256(handle.encode("ascii")).digest())


def granted_scopes(form: Mapping[str, str], application: ApplicationView) -> tuple[str, ...]:
    """HP-18: those that are known and allowed to the application; others are dropped. Raises OAuthError(invalid_scope) without openid."""
    asked = dict.fromkeys(scope for scope in form.get("scope", "").split(" ") if scope)
    granted = application.permitted(scope for scope in asked if scope in SCOPES)
    if "openid" not in granted:
        raise OAuthError("invalid_scope", "scope").of_application(
            application.client_id, form.get("scope", ""), tuple(sorted(application.scopes))
        )
    return granted
