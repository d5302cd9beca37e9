"""The single logout service: where partners over SAML send logout messages, by redirect and by POST (HS-35; profiles 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.services.login.saml_logout import PartnerSignOut
from broker.web import signed_out
from broker.web.authorization_response import see
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
        return _arrive(request.query_string, {})

    @routes.post("/saml/slo")
    def by_post() -> Response:
        if request.mimetype != FORM or any(len(request.form.getlist(name)) > 1 for name in _FIELDS):
            raise BadRequest("saml_decode", "no form, or a field that came twice")
        fields = {name: request.form[name] for name in _FIELDS if name in request.form}
        return _arrive(None, fields)

    def _arrive(query: bytes | None, fields: Mapping[str, str]) -> Response:
        """A response is for the browser that sent our request: a POST brings no cookie, so the GET that follows compares (HW-4)."""
        done = broker.login.saml_logout.arrive(query, fields, browser.address())
        if isinstance(done, PartnerSignOut):
            return signed_out.by_partner(broker, pages, done)
        answer = broker.login.home_sign_out.seal_answer(done.partners, done.request, done.status)
        return see(pages.path("/saml/signed-out") + "?" + urlencode({"answer": answer}))
