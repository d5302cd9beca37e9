"""`fapi: true`: what else the file of an application must say for the FAPI 2.0 Security Profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from broker.jose.algorithms import FAPI_ALGORITHMS
from broker.settings.errors import Problem

_TURNED_ON = ("require_pkce", "require_pushed_authorization_requests", "dpop_bound_access_tokens")
_BY_CERTIFICATE = "tls_client_certificate_bound_access_tokens"  # in place of DPoP (FAPI 2.0 5.3.2.1)


def missing(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Each key that keeps the application from the profile, with what to write."""
    if raw.get("fapi") is not True:
        return
    if not {"jwks", "jwks_uri", "tls_client_auth"} & raw.keys():
        yield Problem(
            "needs a client that proves itself by a key or a certificate (FAPI 2.0 5.3.2.1); write jwks, jwks_uri or tls_client_auth, and no client_secret",
            at=("fapi",),
        )
    allowed = ", ".join(FAPI_ALGORITHMS)
    if "id_token_signed_response_alg" not in raw:
        yield Problem(
            f"needs an algorithm of FAPI 2.0 5.4.1; write id_token_signed_response_alg with one of {allowed}", at=("fapi",)
        )
    elif raw["id_token_signed_response_alg"] not in FAPI_ALGORITHMS:
        yield Problem(
            f"{{value}} is none of FAPI 2.0 5.4.1; write one of {allowed}",
            raw["id_token_signed_response_alg"],
            at=("id_token_signed_response_alg",),
        )
    if raw.get("client_assertion_audience", ["issuer"]) != ["issuer"]:
        yield Problem(
            "lets in what FAPI 2.0 5.3.2.1 does not: the audience is our issuer alone; remove it",
            at=("client_assertion_audience",),
        )
    certified = raw.get(_BY_CERTIFICATE) is True
    for name in _TURNED_ON:
        if raw.get(name) is False and not (certified and name == "dpop_bound_access_tokens"):
            yield Problem("contradicts fapi: true, which turns it on; remove it", at=(name,))
    for name in (name for name in ("api_permissions", "delegated_permissions") if raw.get(name) and not certified):
        message = f"are for tokens that no DPoP key binds; write {_BY_CERTIFICATE}: true, or use two applications"
        yield Problem(message, at=(name,))
