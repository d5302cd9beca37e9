"""The single logout service: where partners over SAML send LogoutRequests, by redirect and by POST (HS-35; profiles 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.web import signed_out
from broker.web.pages import Pages
from broker.web.program import FORM
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

_FIELDS = ("SAMLRequest", "SAMLResponse", "RelayState")


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """No cookie is read: the message says which sessions end, and its signature proves it (HW-5)."""

    @routes.get("/saml/slo")
    def by_redirect() -> Response:
        return signed_out.by_partner(broker, pages, broker.login.saml_logout.asked(request.query_string, {}, browser.address()))

    @routes.post("/saml/slo")
    def by_post() -> Response:
        if request.mimetype != FORM or any(len(request.form.getlist(name)) > 1 for name in _FIELDS):
            raise BadRequest("saml_decode", "no form, or a field that came twice")
        fields = {name: request.form[name] for name in _FIELDS if name in request.form}
        return signed_out.by_partner(broker, pages, broker.login.saml_logout.asked(None, fields, browser.address()))
