"""Signing out at the home organization, too: the button of the page after a sign-out, and the way back (profiles 4.4.3; RP-Initiated Logout 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.services.login.home_sign_out import VALID_FOR, HomeAnswer
from broker.settings.model import PartnerFile
from broker.web import signed_out
from broker.web.authorization_response import see
from broker.web.cookies import CookiePurpose
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The session here has ended before; nothing on these addresses ends anything of ours (HW-5)."""
    service = broker.login.home_sign_out

    @routes.post("/logout/home")
    def leave() -> Response:
        browser.check(signed_out.SCOPE)
        visit = service.begin(single(request.form, "ticket"))
        if visit.outbound.form is None:
            response = see(visit.outbound.url)
        else:
            fields = dict(visit.outbound.form)
            response = pages.render("post_form.html", target=visit.partner.name, action=visit.outbound.url, fields=fields)
        if visit.memory:
            browser.cookies.set(response, CookiePurpose.SIGN_OUT, visit.memory, max_age=VALID_FOR)
        return response

    @routes.get("/saml/signed-out")
    def by_saml() -> Response:
        return _back(*service.by_saml(single(request.args, "answer"), _memory()))

    @routes.get("/oidc/<partner>/signed-out")
    def by_oidc(partner: str) -> Response:
        return _back(*service.by_state(partner, single(request.args, "state"), _memory()))

    def _memory() -> str | None:
        return browser.cookies.read(request, CookiePurpose.SIGN_OUT)

    def _back(partner: PartnerFile, answer: HomeAnswer) -> Response:
        response = signed_out.at_home(pages, partner.name, answer)
        browser.cookies.clear(response, CookiePurpose.SIGN_OUT)
        return response
