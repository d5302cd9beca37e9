"""Signed introspection responses (RFC 9701)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.jose.keys import PrivateKey
from broker.jose.sign import sign

TYP = "token-introspection+jwt"
MEDIA_TYPE = f"application/{TYP}"


def signed(answer: Mapping[str, Any], *, issuer: str, client_id: str, key: PrivateKey, now: int) -> str:
    """The response as a JWT for one caller. answer: the members of RFC 7662 2.2.

    They are inside `token_introspection` only, and there is no `sub` and no `exp` outside it, so that the JWT never passes as an
    access token or an ID token (RFC 9701 5, 8.1).
    """
    return sign(key, {"iss": issuer, "aud": client_id, "iat": now, "token_introspection": dict(answer)}, typ=TYP)
