"""The userinfo endpoint (OpenID Connect Core 5.3, RFC 6750, RFC 9449 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.web.program import PROOF, Challenge, Programs, json_response, presented_token

if TYPE_CHECKING:
    from broker.app import Broker

_BEARER, _DPOP = Challenge("Bearer", "userinfo"), Challenge(PROOF, "userinfo")


def register(routes: Blueprint, broker: Broker, programs: Programs) -> None:
    """`/userinfo`: GET and POST; OPTIONS for browsers."""

    @routes.route("/userinfo", methods=["GET", "POST", "OPTIONS"], provide_automatic_options=False)
    def userinfo() -> Response:
        if request.method == "OPTIONS":
            return programs.preflight("GET, POST")
        is_bound = request.headers.get("Authorization", "").lower().startswith("dpop ")
        return programs.answer(_claims, _DPOP if is_bound else _BEARER)

    def _claims() -> tuple[ApplicationView, Response]:
        token = presented_token(in_form=True)  # Core 5.3.1
        proof = programs.proof(token.value) if token.is_bound else None
        if token.is_bound and proof is None:
            raise OAuthError("invalid_dpop_proof", "dpop_missing")
        application, claims = broker.oauth.grants.userinfo(token.value, proof, programs.certificate())
        sealed = broker.oauth.encryption.userinfo(application, claims)
        return application, json_response(claims) if sealed is None else Response(
            sealed, mimetype="application/jwt"
        )  # Core 5.3.2
