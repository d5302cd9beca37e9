"""An application as the provider sees it; filled from its file by services/access/applications.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.jose.algorithms import OUR_ALGORITHMS

PUBLIC, SECRET, PRIVATE_KEY_JWT, TRUSTED_ISSUER = "public", "secret", "private_key_jwt", "trusted_issuer"
TLS, SELF_SIGNED_TLS = "tls_client_auth", "self_signed_tls_client_auth"  # RFC 8705 2


@dataclass(frozen=True, slots=True)
class Workload:
    """Whose token proves an application: iss, sub and aud of that token, each exact."""

    issuer: str
    subject: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationView:
    """One relying party. No value comes from a request (HP-45).

    client_type: public, secret, private_key_jwt, trusted_issuer, or one of the two by certificate; derived when the file is read (HP-22). workloads: of a trusted_issuer. secret_digest: SHA-256 of the
    client secret (HP-23). scopes: of OpenID Connect, and ISSUER/PERMISSION of the management API. claims: token claim -> broker claim. audiences: client ids that may introspect its tokens.
    id_token_claims: further claims of its ID tokens. assertion_audience: the values of `aud` that its client
    assertions may have, `issuer` or `token_endpoint`. jwt_access_tokens: its access tokens are JWTs (RFC 9068). resources: those
    that it may ask tokens for (RFC 8707). device_grant: its devices may show a code (RFC 8628). id_token_encryption, userinfo_encryption: (alg, enc), None for a response that is
    not encrypted. certificate_authorities, certificate_name: PEM, and (kind, value), of its certificate (RFC 8705 2.1). certificate_bound: its access tokens
    are bound to the certificate of the token request.
    """

    client_id: str
    name: str
    client_type: str
    redirect_uris: tuple[str, ...]
    secret_digest: bytes | None = field(default=None, repr=False)
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    workloads: tuple[Workload, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    subject_type: str = "pairwise"
    alg: str = "RS256"
    scopes: frozenset[str] = frozenset({"openid"})
    claims: Mapping[str, str] = field(default_factory=dict)
    audiences: frozenset[str] = frozenset()
    assignment_required: bool = False
    api_permissions: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    require_pkce: bool = False
    require_pushed_requests: bool = False
    bound_access_tokens: bool = False
    certificate_bound: bool = False
    certificate_authorities: str = field(default="", repr=False)
    certificate_name: tuple[str, str] = ("", "")
    rotating_refresh: bool = True
    signing_algorithms: tuple[str, ...] = OUR_ALGORITHMS
    id_token_claims: frozenset[str] = frozenset()
    assertion_audience: frozenset[str] = frozenset({"issuer"})
    jwt_access_tokens: bool = False
    resources: tuple[str, ...] = ()
    device_grant: bool = False
    id_token_encryption: tuple[str, str] | None = None
    userinfo_encryption: tuple[str, str] | None = None

    def permitted(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Those of the scopes that the application's file allows now (HP-36)."""
        return tuple(scope for scope in scopes if scope in self.scopes)

    @property
    def sector(self) -> str:
        """The sector of its subjects: its client_id, never a host of a request; "" for public ones (HT-7)."""
        return self.client_id if self.subject_type == "pairwise" else ""
