"""The discovery document: we write every field; each advertised value works, every other value is refused (HP-52)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from broker.domain import assurance
from broker.domain.claims import PROTOCOL, SCOPES, STANDARD
from broker.jose.algorithms import OUR_ALGORITHMS
from broker.jose.encrypt import CONTENT_ALGORITHMS, ENCRYPTION_ALGORITHMS
from broker.provider.client_authentication import TOKEN_PATH
from broker.provider.client_certificate import METHODS
from broker.provider.device import PATH as DEVICE_PATH
from broker.provider.grants import GRANT_TYPES
from broker.provider.request import PROMPTS, RESPONSE_MODES

AUTHENTICATION = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
PATHS = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": TOKEN_PATH,
    "userinfo_endpoint": "/userinfo",
    "jwks_uri": "/jwks",
    "introspection_endpoint": "/introspect",
    "revocation_endpoint": "/revoke",
    "end_session_endpoint": "/logout",
    "pushed_authorization_request_endpoint": "/par",
    "device_authorization_endpoint": DEVICE_PATH,
}
_CLAIMS = sorted({*STANDARD, *(PROTOCOL - {"c_hash", "s_hash", "cnf", "events", "jti", "nbf", "azp"})})


def document(issuer: str, languages: Sequence[str], *, by_certificate: bool = False) -> dict[str, Any]:
    """OpenID Connect Discovery 3, RFC 8414 2, RFC 9207 3. issuer: exactly as configured; languages: of our pages.

    by_certificate: a proxy passes the certificates of clients on (RFC 8705 2, 3.3).
    """
    base = issuer.rstrip("/")
    methods = (*AUTHENTICATION, *METHODS) if by_certificate else AUTHENTICATION
    authentication = {
        f"{endpoint}_endpoint_{member}": list(values)
        for endpoint in ("token", "introspection", "revocation")
        for member, values in (("auth_methods_supported", methods), ("auth_signing_alg_values_supported", OUR_ALGORITHMS))
    }
    authentication["introspection_endpoint_auth_methods_supported"].remove("none")  # HP-38: an authenticated caller
    return {
        "issuer": issuer,
        **{name: base + path for name, path in PATHS.items()},
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": list(OUR_ALGORITHMS),
        **{
            f"{response}_encryption_{member}_values_supported": list(values)
            for response in ("id_token", "userinfo")
            for member, values in (("alg", ENCRYPTION_ALGORITHMS), ("enc", CONTENT_ALGORITHMS))
        },
        **authentication,
        "introspection_signing_alg_values_supported": list(OUR_ALGORITHMS),  # RFC 9701 7
        "dpop_signing_alg_values_supported": list(OUR_ALGORITHMS),
        **({"tls_client_certificate_bound_access_tokens": True} if by_certificate else {}),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "display_values_supported": ["page", "popup", "touch", "wap"],
        "acr_values_supported": list(assurance.ACR_VALUES),
        "claim_types_supported": ["normal"],
        "claims_supported": _CLAIMS,
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(OUR_ALGORITHMS),
        "request_uri_parameter_supported": False,  # Discovery 3: the default is true
        "require_request_uri_registration": False,
        "require_pushed_authorization_requests": False,  # RFC 9126 5; an application's file may require it
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": list(languages),
    }
