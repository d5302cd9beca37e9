"""Grant type client_credentials: a token of the application itself, for the management API alone (RFC 6749 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.errors import OAuthError
from broker.provider.grants.desk import TokenDesk
from broker.provider.parameters import RESOURCE, required


def respond(desk: TokenDesk, form: Mapping[str, str]) -> dict[str, Any]:
    """One token; there is no refresh token (RFC 6749 4.4.3). What it permits is in the application's file, not in the token."""
    if RESOURCE in form:  # the management API is the one target, and the scope names it
        raise OAuthError("invalid_target", "resource_not_api")
    if desk.jkt is not None:
        raise OAuthError("invalid_dpop_proof", "dpop_at_the_api")  # the management API takes bearer tokens only
    scope = required(form, "scope")
    if scope not in desk.api_scopes:
        raise OAuthError("invalid_scope", "scope_not_api")
    value, seconds = desk.make_api_token()
    return {"access_token": value, "token_type": "Bearer", "expires_in": seconds, "scope": scope}
