"""The userinfo endpoint (OpenID Connect Core 5.3, RFC 6750)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.provider.application import ApplicationView
from broker.web.program import Challenge, Programs, bearer_token, json_response

if TYPE_CHECKING:
    from broker.app import Broker

_CHALLENGE = Challenge("Bearer", "userinfo")


def register(routes: Blueprint, broker: Broker, programs: Programs) -> None:
    """`/userinfo`: GET and POST; OPTIONS for browsers."""

    @routes.route("/userinfo", methods=["GET", "POST", "OPTIONS"], provide_automatic_options=False)
    def userinfo() -> Response:
        if request.method == "OPTIONS":
            return programs.preflight("GET, POST")
        return programs.answer(_claims, _CHALLENGE)

    def _claims() -> tuple[ApplicationView, Response]:
        application, claims = broker.oauth.grants.userinfo(bearer_token(in_form=True))  # Core 5.3.1
        sealed = broker.oauth.encryption.userinfo(application, claims)
        return application, json_response(claims) if sealed is None else Response(
            sealed, mimetype="application/jwt"
        )  # Core 5.3.2
