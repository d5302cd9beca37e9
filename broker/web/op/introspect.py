"""Token introspection (RFC 7662)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from broker.domain.errors import OAuthError
from broker.provider.application import PUBLIC, ApplicationView
from broker.web.op.protocol import Protocol, json_response

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, protocol: Protocol) -> None:
    """`/introspect`: POST, from applications that prove who they are."""

    @routes.post("/introspect", provide_automatic_options=False)
    def introspect() -> Response:
        return protocol.answer(_state, challenge="Basic", recorded=True)

    def _state() -> tuple[ApplicationView, Response]:
        application, form = protocol.authenticated()
        if application.client_type == PUBLIC:  # HP-38: only a named caller is no authenticated one
            raise OAuthError("invalid_client", "client_public")
        return application, json_response(broker.grants.introspect(application, form))
