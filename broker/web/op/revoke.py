"""Token revocation (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.provider.application import ApplicationView
from broker.web.op.protocol import CLIENT, authenticated
from broker.web.program import Programs

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, programs: Programs) -> None:
    """`/revoke`: POST; OPTIONS for browsers."""

    @routes.route("/revoke", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def revoke() -> Response:
        if request.method == "OPTIONS":
            return programs.preflight("POST")
        return programs.answer(_revoked, CLIENT, recorded=True)

    def _revoked() -> tuple[ApplicationView, Response]:
        application, form = authenticated(broker, programs)
        broker.oauth.grants.revoke(application, form)
        return application, Response(status=200)  # RFC 7009 2.2: unknown tokens too
