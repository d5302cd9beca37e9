"""`/.well-known/openid-configuration` (OpenID Connect Discovery 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from broker.domain.times import HOUR
from broker.provider.discovery import document
from broker.settings.load import Settings
from broker.web.program import Programs, json_response, public

if TYPE_CHECKING:
    from broker.app import Broker

MAX_AGE = HOUR  # seconds


def register(routes: Blueprint, broker: Broker, _programs: Programs) -> None:
    """The document; any origin may read it (HW-12)."""

    @routes.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return public(json_response(document_of(broker.core.settings())), MAX_AGE)


def document_of(settings: Settings) -> dict[str, Any]:
    """The document by the files in force: certificates only where a proxy passes them on."""
    by_certificate = settings.broker.network.client_certificate_header is not None
    return document(settings.issuer, settings.broker.languages, by_certificate=by_certificate)
