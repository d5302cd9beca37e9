"""Proofs of possession (RFC 9449): a JWT that the client signs for one request, with the key to which its tokens are bound."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from broker.domain.errors import OAuthError
from broker.domain.origin import origin_of
from broker.jose import claims
from broker.jose.algorithms import OUR_ALGORITHMS
from broker.jose.encoding import b64url_encode
from broker.jose.errors import JoseError
from broker.jose.verify import verify_by_own_key

TYPES = ("dpop+jwt",)
LIFE = 300  # seconds since iat in which a proof is accepted (RFC 9449 11.1); its jti is stored that long
MAX_JTI = 255  # characters
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof that passed every check but the last: its jti is to be used once.

    alg: of its signature. jkt: the thumbprint of the key (RFC 7638), to which tokens are bound. expires_at: from then on nobody accepts
    the proof. made_at: nobody accepted it earlier.
    """

    alg: str
    jkt: str
    jti: str
    expires_at: int
    made_at: int


def read_proof(
    token: str, *, method: str, url: str, now: int, is_fresh: Callable[[str], bool], access_token: str | None = None
) -> DpopProof:
    """The proof of a request, after the checks of RFC 9449 4.3.

    method, url: of the request. is_fresh: whether a nonce is one that we gave recently (8). access_token: the one that comes with
    the proof, at a resource (7). Raises OAuthError: invalid_dpop_proof, or use_dpop_nonce where only the nonce is missing or over.
    """
    try:
        verified, jkt = verify_by_own_key(token, OUR_ALGORITHMS, typ=TYPES)
        said = verified.claims
        if said.get("htm") != method or not _is_same_target(said.get("htu"), url):
            raise JoseError("request", "htm or htu is another request")
        expires_at = _check_time(said, now)
        jti = said.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
            raise JoseError("jti", "jti is no text of 1 to 255 characters")
        if access_token is not None:
            _check_access_token(said, access_token)
    except JoseError as error:
        raise OAuthError("invalid_dpop_proof", f"dpop_{error.reason}") from error
    nonce = said.get("nonce")
    if not isinstance(nonce, str) or not is_fresh(nonce):
        raise OAuthError("use_dpop_nonce", "dpop_nonce")
    return DpopProof(verified.alg, jkt, jti, expires_at, expires_at - LIFE - claims.SKEW)


def check_algorithm(proof: DpopProof | None, algorithms: Container[str]) -> None:
    """Raises OAuthError(invalid_dpop_proof) for a proof by an algorithm that the application may not use."""
    if proof is not None and proof.alg not in algorithms:
        raise OAuthError("invalid_dpop_proof", "dpop_idtoken_alg")


def is_thumbprint(text: str) -> bool:
    """A SHA-256 in base64url: 43 characters (RFC 9449 10)."""
    return _THUMBPRINT.fullmatch(text) is not None


def _check_time(said: Mapping[str, Any], now: int) -> int:
    """RFC 9449 11.1: made recently. The end of the proof."""
    iat = claims.integer(said, "iat")
    if iat is None or not now - LIFE < iat <= now + claims.SKEW:
        raise JoseError("idtoken_time", "iat is missing, in the future or too long ago")
    return iat + LIFE


def _check_access_token(said: Mapping[str, Any], access_token: str) -> None:
    """RFC 9449 4.2: ath is the hash of the access token."""
    due = b64url_encode(hashlib.sha256(access_token.encode("utf-8")).digest())
    given = said.get("ath")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), due.encode()):
        raise JoseError("ath", "ath is missing or of another access token")


def _is_same_target(htu: object, url: str) -> bool:
    """RFC 9449 4.3, 9: the address without query and fragment, after the normalization of scheme, host and port (RFC 3986 6.2)."""
    if not isinstance(htu, str) or (origin := origin_of(htu)) is None:
        return False
    return origin == origin_of(url) and urlsplit(htu).path == urlsplit(url).path
