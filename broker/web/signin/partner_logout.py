"""Where a partner says that a person signed out there. No cookie is read: partners call it, not browsers (HW-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.provider.parameters import required
from broker.web.pages import Pages
from broker.web.program import Challenge, Programs, form_of
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

_NOBODY = Challenge("Bearer", "backchannel")  # no answer of this endpoint asks for credentials


def register(routes: Blueprint, broker: Broker, _pages: Pages, _browser: BrowserState) -> None:
    """`/backchannel/PARTNER`: the back-channel logout URI that a partner over OpenID Connect registers for us."""
    programs = Programs(broker)

    @routes.post("/backchannel/<partner>")
    def backchannel(partner: str) -> Response:
        return programs.answer(lambda: _told(partner), _NOBODY)

    def _told(partner: str) -> tuple[ApplicationView | None, Response]:
        if request.query_string:
            raise OAuthError("invalid_request", "query")
        broker.login.partner_logout.by_token(partner, required(form_of(request), "logout_token"), programs.address())
        return None, Response(status=200)  # Back-Channel Logout 2.8: also where nothing was left to end
