"""The JWKS: the public keys of the ring, also next and retired ones; caches keep it for five minutes (HP-42, HP-51)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from broker.keyring.ring import JWKS_MAX_AGE
from broker.web.program import Programs, json_response, public

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, _programs: Programs) -> None:
    """`/jwks`; any origin may read it."""

    @routes.get("/jwks")
    def jwks() -> Response:
        return public(json_response(broker.keys.ring().jwks(broker.core.clock())), JWKS_MAX_AGE)
