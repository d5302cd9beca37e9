"""Shared by the endpoints with client authentication: token, pushed requests, introspection, revocation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import request

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.web.program import Challenge, Programs, form_of

if TYPE_CHECKING:
    from broker.app import Broker

PROTOCOL_PATHS = frozenset(
    {
        "/.well-known/openid-configuration",
        "/jwks",
        "/token",
        "/par",
        "/userinfo",
        "/introspect",
        "/revoke",
        "/device_authorization",
    }
)
CLIENT = Challenge("Basic", "token")  # RFC 6749 5.2


def authenticated(broker: Broker, programs: Programs) -> tuple[ApplicationView, Mapping[str, str]]:
    """The application that sent this form, and the form; the query must be empty (HP-25). Raises OAuthError, TooManyAttempts."""
    if request.query_string:
        raise OAuthError("invalid_request", "query")
    form = form_of(request)
    given = (request.headers.get("Authorization"), form, programs.address(), programs.certificate())
    return broker.oauth.client_authentication.authenticate(*given), form
