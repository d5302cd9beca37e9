"""`/me`: the signed-in person. Applications call this API for themselves, so there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import Operation
from broker.web.graph.refusals import BAD_REQUEST, ApiRefused

if TYPE_CHECKING:
    from broker.app import Broker


def register(door: ApiDoor, _broker: Broker) -> None:
    """GET /me."""

    @door.opens("GET", "/me", Operation(summary="Refused: a program is nobody", gives=None))
    def me(_caller: Caller) -> Response:
        raise ApiRefused(400, BAD_REQUEST, "/me request is only valid with delegated authentication flow.")
