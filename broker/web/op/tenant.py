"""The two paths that the credentials of azure-identity use: `/TENANT/v2.0/...` and `/TENANT/oauth2/v2.0/token`.

There is one tenant, so its name decides nothing; the document and the endpoint are the broker's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from broker.domain.errors import BadRequest
from broker.web.op import token
from broker.web.op.discovery import MAX_AGE, document_of
from broker.web.program import Programs, json_response, public

if TYPE_CHECKING:
    from broker.app import Broker

_TENANT = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
TOKEN_END = "/oauth2/v2.0/token"


def register(routes: Blueprint, broker: Broker, programs: Programs) -> None:
    """The tenant's document, and its token endpoint."""

    @routes.get("/<tenant>/v2.0/.well-known/openid-configuration")
    def tenant_discovery(tenant: str) -> Response:
        _check(tenant)
        settings = broker.core.settings()
        named = f"{settings.issuer.rstrip('/')}/{tenant}"
        said = document_of(settings) | {"token_endpoint": f"{named}{TOKEN_END}"}
        return public(json_response(said), MAX_AGE)

    @routes.post(f"/<tenant>{TOKEN_END}", provide_automatic_options=False)
    def tenant_token(tenant: str) -> Response:
        _check(tenant)
        return token.answer(broker, programs)


def _check(tenant: str) -> None:
    """Raises BadRequest(not_found): one spelling of a path."""
    if not _TENANT.fullmatch(tenant):
        raise BadRequest("not_found")
