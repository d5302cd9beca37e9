"""`/openapi.json`: what this API has, for people and their tools. Open to read; it says nothing about this company but its address."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Response, request

from broker.domain.times import HOUR
from broker.web.graph.document import openapi_document
from broker.web.graph.door import ApiDoor
from broker.web.graph.operation import Operation, Success
from broker.web.graph.shapes import AnyValue

if TYPE_CHECKING:
    from broker.app import Broker

_SECONDS = HOUR  # a cache may keep it
_READ = Operation(summary="Read this document", gives=Success(shape=AnyValue(), has_etag=True), public=True)


def register(door: ApiDoor, broker: Broker) -> None:
    """One document; it is made once for each issuer."""

    @lru_cache(maxsize=1)
    def made(issuer: str) -> bytes:
        return json.dumps(openapi_document(door.operations, issuer)).encode()

    @door.opens_to_all("/openapi.json", _READ)
    def read() -> Response:
        response = Response(made(broker.core.settings().issuer), mimetype="application/json")
        response.headers["Cache-Control"] = f"public, max-age={_SECONDS}"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.add_etag()
        response.make_conditional(request)
        return response
