"""What a token request must hold, read before a transaction begins (HP-28)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from broker.domain.errors import OAuthError

GRANT_TYPES = ("authorization_code", "refresh_token")


def grant_type(form: Mapping[str, str], *, api_permissions: bool) -> str:
    """RFC 6749 5.2. A client_credentials request of an application without `api_permissions` is unauthorized_client (TK-14)."""
    given = form.get("grant_type")
    if given is None:
        raise OAuthError("invalid_request", "grant_type_missing")
    if given == "client_credentials" and not api_permissions:
        raise OAuthError("unauthorized_client", "api_permissions")
    if given not in GRANT_TYPES:
        raise OAuthError("unsupported_grant_type", "grant_type")
    return given


def required(form: Mapping[str, str], name: str) -> str:
    """A parameter that must be there."""
    if name not in form:
        raise OAuthError("invalid_request", f"{name}_missing")
    return form[name]


def narrowed(form: Mapping[str, str], granted: Iterable[str]) -> tuple[str, ...]:
    """The scopes of a refresh: those asked for, never more than were granted (RFC 6749 6)."""
    held = tuple(granted)
    asked = [scope for scope in form.get("scope", "").split(" ") if scope]
    if not set(asked) <= set(held):
        raise OAuthError("invalid_scope", "scope_larger")
    return tuple(scope for scope in held if scope in asked) if asked else held
