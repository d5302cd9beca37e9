"""`/.well-known/openid-configuration` (OpenID Connect Discovery 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from broker.domain.times import HOUR
from broker.provider.discovery import document
from broker.web.program import Programs, json_response, public

if TYPE_CHECKING:
    from broker.app import Broker

MAX_AGE = HOUR  # seconds


def register(routes: Blueprint, broker: Broker, _programs: Programs) -> None:
    """The document; any origin may read it (HW-12)."""

    @routes.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        settings = broker.core.settings()
        return public(json_response(document(settings.issuer, settings.broker.languages)), MAX_AGE)
