"""The connector's view of one partner, and its access to the partner's documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.connectors.oidc.discovery import Judgements


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretJwt:
    """The key that signs a client secret of the form of a token (Apple): team, name of the key, and text of its PEM file."""

    team_id: str
    key_id: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerView:
    """The `oidc:`, `claims:` and `trust:` parts of a partner's file.

    issuer: exact, one tenant. client_secret: None with private_key_jwt or secret_jwt. secret_method: client_secret_basic
    or client_secret_post, None for the method that discovery names. form_post: the response arrives by POST. send_max_age: whether
    the provider accepts max_age. assertion_audience: `issuer` or `token_endpoint`. assertion_certificate: the PEM text of the
    certificate by which the provider knows our key, or None. claims: broker claim -> name on the wire or short name. domains:
    canonical. trust_email: `trust.email`. ruled: whether a rule of ours names the broker claim. skew: `allowed_clock_skew`.
    """

    id: str
    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    secret_jwt: SecretJwt | None = None
    secret_method: str | None = None
    private_key_jwt: bool = False
    form_post: bool = False
    send_max_age: bool = True
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    require_claims: Mapping[str, Any] = field(default_factory=dict)
    assertion_audience: str = "issuer"
    assertion_certificate: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    domains: tuple[str, ...] = ()
    trust_email: bool = False
    ruled: Callable[[str], bool] = lambda _claim: False
    skew: int = 60


@dataclass(frozen=True, slots=True)
class Sources:
    """Access to the partner's stored documents (HT-20). `discovery` and `keys` may raise PartnerFailed.

    discovery: returns the discovery document, which is never changed. judged: earlier check results. keys: returns the JWK Set;
    True means that a key is unknown and a refresh is wanted (HO-6). held_back: whether that refresh was not made because the
    key set had been fetched, with new keys, within the minute before.
    """

    discovery: Callable[[], Mapping[str, Any]]
    keys: Callable[[bool], Mapping[str, Any]]
    judged: Judgements = field(default_factory=Judgements)
    held_back: Callable[[], bool] = lambda: False
