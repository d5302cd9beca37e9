"""Token introspection (RFC 7662)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from broker.domain.errors import OAuthError
from broker.provider.application import PUBLIC, ApplicationView
from broker.web.op.protocol import CLIENT, authenticated
from broker.web.program import Programs, json_response

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, programs: Programs) -> None:
    """`/introspect`: POST, for authenticated applications."""

    @routes.post("/introspect", provide_automatic_options=False)
    def introspect() -> Response:
        return programs.answer(_state, CLIENT, recorded=True)

    def _state() -> tuple[ApplicationView, Response]:
        application, form = authenticated(broker, programs)
        if application.client_type == PUBLIC:  # HP-38: a public client is named, not authenticated
            raise OAuthError("invalid_client", "client_public")
        return application, json_response(broker.oauth.grants.introspect(application, form))
