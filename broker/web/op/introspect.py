"""Token introspection: as JSON (RFC 7662), or as a signed JWT for a caller that asks for it (RFC 9701)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import OAuthError
from broker.provider.application import PUBLIC, ApplicationView
from broker.provider.introspection import MEDIA_TYPE
from broker.web.op.protocol import CLIENT, authenticated
from broker.web.program import JSON, Programs, json_response

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
        if request.accept_mimetypes.best_match((JSON, MEDIA_TYPE), JSON) == MEDIA_TYPE:  # RFC 9701 4
            return application, Response(broker.oauth.grants.signed_introspection(application, form), mimetype=MEDIA_TYPE)
        return application, json_response(broker.oauth.grants.introspect(application, form))
