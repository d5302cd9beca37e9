"""The device authorization endpoint (RFC 8628 3.1)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from broker.provider.application import ApplicationView
from broker.provider.device import PATH
from broker.web.op.protocol import CLIENT, authenticated
from broker.web.program import Programs, json_response

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, programs: Programs) -> None:
    """`/device_authorization`: POST, for applications with `device_grant`."""

    @routes.post(PATH, provide_automatic_options=False)
    def device_authorization() -> Response:
        return programs.answer(_started, CLIENT, recorded=True)

    def _started() -> tuple[ApplicationView, Response]:
        application, form = authenticated(broker, programs)
        started = broker.oauth.device_requests.start(application, form, programs.address())
        return application, json_response(asdict(started))
