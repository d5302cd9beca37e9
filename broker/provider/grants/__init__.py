"""Grant types of the token endpoint.

Owns: which grant types exist, and for each one (a file each) its parameters, its checks and its response.
Does not know: rows and transactions: a `TokenDesk` does those for it.
Offers: `GRANT_TYPES` and `handler_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.provider.device import GRANT_TYPE
from broker.provider.grants import authorization_code, client_credentials, device_code, refresh_token
from broker.provider.grants.desk import TokenDesk

GrantType = Callable[[TokenDesk, Mapping[str, str]], dict[str, Any]]  # the form of the request -> the JSON of the response

GRANT_TYPES: Mapping[str, GrantType] = MappingProxyType(
    {
        "authorization_code": authorization_code.respond,
        "client_credentials": client_credentials.respond,
        GRANT_TYPE: device_code.respond,
        "refresh_token": refresh_token.respond,
    }
)


def handler_of(form: Mapping[str, str], application: ApplicationView) -> GrantType:
    """The grant type of a request. Raises OAuthError (RFC 6749 5.2).

    A client_credentials request of an application without `api_permissions` is unauthorized_client (TK-14).
    """
    given = form.get("grant_type")
    if given is None:
        raise OAuthError("invalid_request", "grant_type_missing")
    if given == "client_credentials" and not application.api_permissions:
        raise OAuthError("unauthorized_client", "api_permissions")
    if given == GRANT_TYPE and not application.device_grant:
        raise OAuthError("unauthorized_client", "device_grant")
    if given not in GRANT_TYPES:
        raise OAuthError("unsupported_grant_type", "grant_type")
    if "authorization_details" in form:  # RFC 9396 6: never a token that says less than the request
        raise OAuthError("invalid_authorization_details", "authorization_details")
    return GRANT_TYPES[given]
