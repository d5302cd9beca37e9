"""Verifies a partner's ID token in one function. No check is optional: a missing value on either side is refused (HO-1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.connectors.oidc.discovery import Discovery
from broker.connectors.oidc.partner import PartnerView
from broker.domain.errors import PartnerUntrusted
from broker.jose import claims as check
from broker.jose.errors import JoseError
from broker.jose.keys import public_keys
from broker.jose.verify import verify

# jose names the fault; this table has the reason of receipt and audit where the two differ.
_REASONS = {"idtoken_format": "idtoken_header", "idtoken_claim": "idtoken_claims"}
_MAY_BE_NEW = ("idtoken_key", "idtoken_signature")
_PAUSE = (
    "no key that we hold verifies the ID token; the partner changed its keys less than a minute before, and its key set "
    "is asked for once a minute"
)


@dataclass(frozen=True, slots=True)
class IdToken:
    """A verified ID token. claims: all of them; the other fields are those that a login needs, in their type."""

    claims: Mapping[str, Any]
    subject: str
    issued_at: int
    auth_time: int | None


def verify_id_token(
    token: str,
    *,
    partner: PartnerView,
    discovery: Discovery,
    keys: Callable[[bool], Mapping[str, Any]],
    held_back: Callable[[], bool] = lambda: False,
    nonce: str,
    access_token: str,
    now: int,
) -> IdToken:
    """Verify signature and claims (Core 3.1.3.7, 3.1.3.8).

    keys: returns the partner's stored key set, the only source of keys (HO-2); called with True, once, if no key verifies.
    held_back: whether that came too soon after the last refresh. nonce: the login's. access_token: the one that arrived with
    the token, empty if none. Raises PartnerUntrusted with the reason idtoken_alg, idtoken_header, idtoken_key, idtoken_key_pause,
    idtoken_signature, idtoken_iss, idtoken_aud, idtoken_nonce, idtoken_time,
    idtoken_at_hash, idtoken_sub or idtoken_claims; the detail names claim and expectation, never the token.
    """
    try:
        verified = verify(token, lambda refresh: public_keys(keys(refresh)), discovery.id_token_algs)  # HO-3, HO-4, HO-5
    except JoseError as error:
        if error.reason in _MAY_BE_NEW and held_back():  # FB-04: two new keys within a minute, and the partner did nothing wrong
            raise PartnerUntrusted("idtoken_key_pause", _PAUSE) from error
        raise _untrusted(error, _about_signature(error, discovery)) from error
    claims = verified.claims
    try:
        check.check_issuer(claims, partner.issuer)
        check.check_audience(claims, partner.client_id)
        check.check_nonce(claims, nonce)
        check.check_times(claims, now, skew=partner.skew)
        check.check_at_hash(claims, verified.alg, access_token)
        subject = check.subject(claims)
        check.check_required(claims, partner.require_claims)
        auth_time = _auth_time(claims, now, partner.skew)
    except JoseError as error:
        raise _untrusted(error, _about_claims(error, claims, partner, now)) from error
    return IdToken(claims, subject, check.integer(claims, "iat") or 0, auth_time)


def _auth_time(claims: Mapping[str, Any], now: int, skew: int) -> int | None:
    """auth_time in whole seconds; None if it is no such time. A time in the future is refused: every sign-in would look fresh.

    Some providers send 0 if they do not know the time (FC-14); it counts as absent.
    """
    try:
        value = check.integer(claims, "auth_time")
    except JoseError:
        return None
    if not value:
        return None
    if value > now + skew:
        raise JoseError("idtoken_time", "auth_time is in the future")
    return min(value, now)


def _untrusted(error: JoseError, detail: str) -> PartnerUntrusted:
    return PartnerUntrusted(_REASONS.get(error.reason, error.reason), detail)


def _about_signature(error: JoseError, discovery: Discovery) -> str:
    """For staff: what the partner's IT would have to change."""
    if error.reason == "idtoken_alg":
        return f"the ID token must be signed with one of {', '.join(discovery.id_token_algs)}"
    if error.reason == "idtoken_key" and error.detail != "no key fits":
        return f"of the partner's published key set {error.detail}"
    if error.reason == "idtoken_key":
        return "the key that signed the ID token is not in the partner's published key set"
    if error.reason == "idtoken_signature":
        return "the signature of the ID token does not verify with the partner's published key"
    return f"the ID token is not well formed: {error.detail}"


def _about_claims(error: JoseError, claims: Mapping[str, Any], partner: PartnerView, now: int) -> str:
    if error.reason == "idtoken_iss":
        return f"iss is {_shown(claims.get('iss'))}, expected {partner.issuer}"
    if error.reason == "idtoken_aud":
        return f"aud is {_shown(claims.get('aud'))} with azp {_shown(claims.get('azp'))}, expected {partner.client_id}"
    if error.reason == "idtoken_time":
        return f"{error.detail}; seconds from our clock: {_distances(claims, now)}; {partner.skew} s of difference are allowed"
    if error.reason == "idtoken_nonce":
        return "nonce is missing, or is not the one that this login sent"
    if error.reason == "idtoken_claim":
        return f"oidc.require_claims: {error.detail}"
    return error.detail


def _distances(claims: Mapping[str, Any], now: int) -> str:
    """How far each time is from ours, which distinguishes a wrong clock from an old token."""
    times = ((name, claims.get(name)) for name in ("iat", "nbf", "exp", "auth_time"))
    return ", ".join(
        f"{name} {int(value) - now:+d}" if type(value) in (int, float) else f"{name} not a time"
        for name, value in times
        if value is not None
    )


def _shown(value: Any) -> str:
    """A wrong issuer or audience, shortened and printable: configuration values, no secrets."""
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value[:5]) + "]"
    return value[:200] if isinstance(value, str) and value.isascii() and value.isprintable() else "missing or no name"
