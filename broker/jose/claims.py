"""Registered claims with their types (HO-7): small pure checks, each raising JoseError with its reason."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any

from broker.domain.times import HOUR
from broker.jose.errors import JoseError
from broker.jose.sign import half_hash

SKEW = 60  # seconds that the clocks may differ
OLDEST = HOUR  # seconds: a token that we just fetched was not issued longer ago
LATEST = 253402300799  # the last second of the year 9999

_SUBJECT = re.compile(r"[\x20-\x7e]{1,255}\Z")


def integer(claims: Mapping[str, Any], name: str, *, reason: str = "idtoken_time") -> int | None:
    """A time in whole seconds, a fraction is cut (RFC 7519 2); None if it is not there.

    No boolean and no text is one, and nothing before 1970 or after the year 9999.
    """
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        raise JoseError(reason, f"{name} is not a time")
    return int(value)


def check_times(
    claims: Mapping[str, Any], now: int, *, skew: int = SKEW, oldest: int | None = OLDEST, may_be_expired: bool = False
) -> None:
    """The claims exp and iat are there and fit `now`; nbf does if given. Reason idtoken_time (RFC 7519 4.1.4-4.1.6; Core 3.1.3.7).

    oldest: seconds that iat may lie back, None for no limit. may_be_expired: for an id_token_hint (HP-15).
    """
    exp, iat, nbf = (integer(claims, name) for name in ("exp", "iat", "nbf"))
    if exp is None or iat is None:
        raise JoseError("idtoken_time", "exp or iat is missing")
    if now >= exp + skew and not may_be_expired:
        raise JoseError("idtoken_time", "exp is past")
    if iat > now + skew or (nbf is not None and nbf > now + skew):
        raise JoseError("idtoken_time", "iat or nbf is in the future")
    if oldest is not None and iat < now - oldest - skew:
        raise JoseError("idtoken_time", "iat is too long ago")


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """The claim iss equals the one issuer, character for character. Reason idtoken_iss."""
    if not isinstance(claims.get("iss"), str) or claims["iss"] != issuer:
        raise JoseError("idtoken_iss", "iss is another issuer")


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The claim aud as a list: one string, or a list of one or more strings (RFC 7519 4.1.3). Reason idtoken_aud."""
    value = claims.get("aud")
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str) and one for one in values):
        raise JoseError("idtoken_aud", "aud is not a name or a list of names")
    return tuple(values)


def check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """The claim aud is us; or holds us among others, and then azp is us. A given azp is us anyway. Reason idtoken_aud (Core 3.1.3.7)."""
    names = audiences(claims)
    if client_id not in names:
        raise JoseError("idtoken_aud", "aud is somebody else")
    if "azp" in claims:
        if claims["azp"] != client_id:
            raise JoseError("idtoken_aud", "azp is somebody else")
    elif set(names) != {client_id}:
        raise JoseError("idtoken_aud", "aud holds others and azp is missing")


def check_single_audience(claims: Mapping[str, Any], audience: str) -> None:
    """The claim aud is exactly one string, this one: client assertions (HP-58). Reason idtoken_aud."""
    if not isinstance(claims.get("aud"), str) or claims["aud"] != audience:
        raise JoseError("idtoken_aud", "aud is not the one string that is due")


def check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    """The claim nonce is there and equals the login's. Reason idtoken_nonce (Core 3.1.3.7)."""
    value = claims.get("nonce")
    if not nonce or not isinstance(value, str) or not hmac.compare_digest(value.encode(), nonce.encode()):
        raise JoseError("idtoken_nonce", "nonce is missing or another")


def subject(claims: Mapping[str, Any]) -> str:
    """sub: 1 to 255 ASCII characters, no control character, kept exactly (Core 2). Reason idtoken_sub."""
    value = claims.get("sub")
    if not isinstance(value, str) or not _SUBJECT.match(value):
        raise JoseError("idtoken_sub", "sub is not 1 to 255 ASCII characters")
    return value


def check_at_hash(claims: Mapping[str, Any], alg: str, access_token: str) -> None:
    """at_hash, where it is given, is that of the access token. Reason idtoken_at_hash (Core 3.1.3.8)."""
    if "at_hash" not in claims:
        return
    value = claims["at_hash"]
    if not isinstance(value, str) or not hmac.compare_digest(value.encode(), half_hash(alg, access_token).encode()):
        raise JoseError("idtoken_at_hash", "at_hash is of another access token")


def check_required(claims: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Each wanted claim is there with its value and its type (HO-7 `require_claims`). Reason idtoken_claim."""
    for name, value in wanted.items():
        if name not in claims or type(claims[name]) is not type(value) or claims[name] != value:
            raise JoseError("idtoken_claim", f"{name} is missing or another")
