"""What the connector knows of one partner, and where it gets that partner's documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.connectors.oidc.discovery import Judgements


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretJwt:
    """What a client secret is signed with that is a token (Apple): the team, the name of the key, and its PEM file's text."""

    team_id: str
    key_id: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerView:
    """The `oidc:`, `claims:` and `trust:` parts of a partner's file, filled in by app.py.

    issuer: exact, one tenant. client_secret: None with private_key_jwt or secret_jwt. secret_method: client_secret_basic
    or client_secret_post, None for what discovery names. form_post: how the answer is to come. send_max_age: whether the
    provider takes max_age. assertion_audience: `issuer` or
    `token_endpoint`; assertion_certificate: the PEM text of the certificate that the provider knows our key by, or None.
    claims: broker claim -> wire name or short name. domains: canonical. trust_email: `trust.email`. ruled: whether a rule of ours names the broker claim. skew: `allowed_clock_skew`.
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
    """The partner's stored documents (HT-20), as fetched. Both may raise PartnerFailed.

    discovery: the discovery document, which nobody changes; judged: what was judged of it before. keys: the JWK Set;
    True means "a key is unknown, refresh if you may" (HO-6). held_back: whether that was not done, because the key set was
    asked for within the minute before, and brought other keys then.
    """

    discovery: Callable[[], Mapping[str, Any]]
    keys: Callable[[bool], Mapping[str, Any]]
    judged: Judgements = field(default_factory=Judgements)
    held_back: Callable[[], bool] = lambda: False
