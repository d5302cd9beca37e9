"""The token endpoint (RFC 6749 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.web.op.protocol import CLIENT, authenticated
from broker.web.program import Programs, json_response

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, programs: Programs) -> None:
    """`/token`: POST; OPTIONS for browsers."""

    @routes.route("/token", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def token() -> Response:
        if request.method == "OPTIONS":
            return programs.preflight("POST")
        return answer(broker, programs)


def answer(broker: Broker, programs: Programs) -> Response:
    """The response to this token request."""

    def tokens() -> tuple[ApplicationView, Response]:
        proof = programs.proof()  # before a client assertion is used up, which the client would have to make again for the nonce
        application, form = authenticated(broker, programs)
        try:
            return application, json_response(broker.oauth.grants.tokens(application, form, proof, programs.certificate()))
        except OAuthError as error:
            raise error.of_application(application.client_id) from error

    return programs.answer(tokens, CLIENT, recorded=True)
