"""The token endpoint (RFC 6749 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.web.op.protocol import Protocol, json_response

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, protocol: Protocol) -> None:
    """`/token`: POST; OPTIONS for browsers."""

    @routes.route("/token", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def token() -> Response:
        if request.method == "OPTIONS":
            return protocol.preflight("POST")
        return protocol.answer(_tokens, challenge="Basic", recorded=True)

    def _tokens() -> tuple[ApplicationView, Response]:
        application, form = protocol.authenticated()
        try:
            return application, json_response(broker.grants.tokens(application, form))
        except OAuthError as error:
            raise error.of_application(application.client_id) from error
