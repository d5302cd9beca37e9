"""The userinfo endpoint (OpenID Connect Core 5.3, RFC 6750)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.web.op.protocol import FORM, Protocol, form_of, json_response

if TYPE_CHECKING:
    from broker.app import Broker

_BEARER = re.compile(r"bearer ([A-Za-z0-9._~+/-]{1,512}=*)", re.ASCII | re.IGNORECASE)


def register(routes: Blueprint, broker: Broker, protocol: Protocol) -> None:
    """`/userinfo`: GET and POST; OPTIONS for browsers."""

    @routes.route("/userinfo", methods=["GET", "POST", "OPTIONS"], provide_automatic_options=False)
    def userinfo() -> Response:
        if request.method == "OPTIONS":
            return protocol.preflight("GET, POST")
        return protocol.answer(_claims, challenge="Bearer")

    def _claims() -> tuple[ApplicationView, Response]:
        application, claims = broker.grants.userinfo(bearer_token())
        return application, json_response(claims)


def bearer_token() -> str:
    """The one access token of this request: header, or form body of a POST; never the query (HP-37). Raises OAuthError."""
    if "access_token" in request.args:
        raise OAuthError("invalid_token", "token_in_query")
    header = request.headers.get("Authorization")
    has_form = request.method == "POST" and request.mimetype == FORM
    posted = form_of(request).get("access_token") if has_form else None
    if header is None:
        if posted is None:
            raise OAuthError("invalid_token", "token_missing")
        return posted
    match = _BEARER.fullmatch(header)
    if posted is not None or match is None:
        raise OAuthError("invalid_token", "token_twice" if posted is not None else "token_form")
    return match[1]
