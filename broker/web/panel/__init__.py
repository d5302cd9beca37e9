"""The access panel: a guest's own pages.

Owns: the pages of applications, account, sign-in methods, and of questions by mail.
Does not know: what a guest may change: services decide it.
Offers: `blueprint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.audit import Actor
from broker.domain.errors import BadRequest
from broker.web import csrf, signed_out
from broker.web.panel import account, apps, asking, methods, question
from broker.web.panel.frame import SCOPE, SignedInFrame
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker


def blueprint(broker: Broker, frame: SignedInFrame) -> Blueprint:
    """`/apps` and its sign-out; `/` leads there."""
    routes, pages = Blueprint("panel", __name__), frame.pages
    browser = BrowserState(broker, pages)
    asking.register(routes, broker, browser, frame)
    apps.register(routes, broker, browser, frame)
    question.register(routes, broker, pages, browser)
    methods.register(routes, broker, browser, frame)
    account.register(routes, broker, browser, frame)

    @routes.get("/")
    def front() -> Response:
        return browser.go(pages.path("/apps"))

    @routes.get("/launch/<application>")
    def launch(application: str) -> Response:
        """To an application's own beginning, with a session of ours if the person has none (HS-40)."""
        found = broker.core.settings().applications.get(application)
        if found is None or found.launch_url is None:
            raise BadRequest("not_found")
        if broker.sessions.find(browser.session()) is not None:
            return browser.go(str(found.launch_url))
        started = broker.login.sign_in.begin_panel(browser.visitor(), f"/launch/{application}")
        return browser.into(started)

    @routes.post("/apps/sign-out")
    def sign_out() -> Response:
        cookie = browser.session()
        csrf.check(request, cookie, SCOPE, browser.issuer)
        held = broker.sessions.find(cookie)
        ended: tuple[str, ...] = ()
        if held is not None:
            actor = Actor.person(held[1].id, address=browser.address())
            ended = broker.sessions.end(held[0].sid, actor, "signed out") or ()
        return signed_out.forget(broker, signed_out.page(broker, pages, held[0] if held else None, ended))

    return routes
