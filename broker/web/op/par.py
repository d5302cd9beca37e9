"""The pushed authorization request endpoint (RFC 9126 2)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.web.op.protocol import CLIENT, authenticated
from broker.web.program import Programs, json_response

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, programs: Programs) -> None:
    """`/par`: POST; OPTIONS for browsers."""

    @routes.route("/par", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def par() -> Response:
        if request.method == "OPTIONS":
            return programs.preflight("POST")
        return programs.answer(_pushed, CLIENT, recorded=True)

    def _pushed() -> tuple[ApplicationView, Response]:
        proof = programs.proof()
        application, form = authenticated(broker, programs)
        try:
            response = json_response(asdict(broker.oauth.pushed_requests.push(application, form, programs.address(), proof)))
        except OAuthError as error:
            raise error.of_application(application.client_id) from error
        response.status_code = 201
        return application, response
