"""The OpenID Provider's endpoints.

Owns: HTTP of the endpoints that applications call, a file an endpoint.
Does not know: the rules of the protocol (`broker.provider`) and of grants (`broker.services.oauth`).
Offers: `blueprint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from broker.web.op import (
    authorize,
    device_authorization,
    discovery,
    introspect,
    jwks,
    logout,
    par,
    revoke,
    tenant,
    token,
    userinfo,
)
from broker.web.op.protocol import PROTOCOL_PATHS
from broker.web.pages import Pages
from broker.web.program import Programs

if TYPE_CHECKING:
    from broker.app import Broker

__all__ = ["PROTOCOL_PATHS", "blueprint"]


def blueprint(broker: Broker, pages: Pages) -> Blueprint:
    """Every endpoint that the discovery document names, and the document itself."""
    routes = Blueprint("op", __name__)
    programs = Programs(broker)
    for endpoint in (authorize, logout):
        endpoint.register(routes, broker, pages)
    for machine in (device_authorization, discovery, jwks, par, token, userinfo, introspect, revoke, tenant):
        machine.register(routes, broker, programs)
    return routes
