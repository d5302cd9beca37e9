"""Verifies a partner's logout token (OpenID Connect Back-Channel Logout 2.6; HO-18). No check is optional."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from broker.connectors.oidc.discovery import Discovery
from broker.connectors.oidc.partner import PartnerView
from broker.domain.errors import PartnerUntrusted
from broker.jose import claims as check
from broker.jose.errors import JoseError
from broker.jose.keys import public_keys
from broker.jose.verify import verify

TYP: Final = ("logout+jwt",)
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
MAX_NAME: Final = 255  # characters of sid and jti


@dataclass(frozen=True, slots=True)
class LogoutClaims:
    """Whom a verified logout token names. subject, session: at least one.

    made_at, ends: seconds since 1970, before and after which the token could not be accepted.
    """

    issuer: str
    subject: str | None
    session: str | None
    jti: str
    ends: int
    made_at: int


def verify_logout_token(
    token: str, *, partner: PartnerView, discovery: Discovery, keys: Callable[[bool], Mapping[str, Any]], now: int
) -> LogoutClaims:
    """Verify signature and claims. The caller takes `jti`, once.

    keys: as for an ID token (HO-2, HO-6). Raises PartnerUntrusted with the reason of the check.
    """
    try:
        said = verify(token, lambda refresh: public_keys(keys(refresh)), discovery.id_token_algs, typ=TYP).claims
        check.check_issuer(said, partner.issuer)
        check.check_audience(said, partner.client_id)
        check.check_times(said, now, skew=partner.skew)
        return _named(said, partner)
    except JoseError as error:
        raise PartnerUntrusted(error.reason.replace("idtoken_", "logout_"), error.detail) from error


def _named(said: Mapping[str, Any], partner: PartnerView) -> LogoutClaims:
    events = said.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise JoseError("logout_events", "events does not hold the event of back-channel logout")
    if "nonce" in said:
        raise JoseError("logout_nonce", "a logout token has no nonce")
    subject = check.subject(said) if "sub" in said else None
    session, jti = session_of(said), _name(said.get("jti"))
    if jti is None or ("sid" in said and session is None) or not (subject or session):
        raise JoseError("logout_claims", "jti is missing, or neither sub nor sid names anybody")
    ends = (check.integer(said, "exp") or 0) + partner.skew
    return LogoutClaims(partner.issuer, subject, session, jti, ends, (check.integer(said, "iat") or 0) - partner.skew)


def session_of(said: Mapping[str, Any]) -> str | None:
    """The `sid` of an ID token or a logout token."""
    return _name(said.get("sid"))


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_NAME and value.isprintable() else None
