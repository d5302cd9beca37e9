"""`/device`: a person enters the code that a device shows, and signs in for it (RFC 8628 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import Invalid
from broker.domain.ids import new_secret
from broker.domain.request import AuthorizationRequest
from broker.web import csrf
from broker.web.authorization_response import respond
from broker.web.cookies import CookiePurpose
from broker.web.i18n import _
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

PATH = "/device"
_UNKNOWN = _("No device is waiting with this code. Check it on the device; it's valid for ten minutes.")


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The code, the question, and the two pages at the end. A GET changes nothing, and no link brings a code (5.4)."""
    devices = broker.oauth.device_requests

    @routes.post(PATH)
    def device_entered() -> Response:
        browser.check(PATH)
        typed = single(request.form, "code")
        try:
            code, application = devices.application_of(typed, browser.address())
        except Invalid:
            return _page(pages, browser, "enter", typed=typed, wrong=True)
        return _page(pages, browser, "confirm", typed=code, application=application.name)

    @routes.post(f"{PATH}/continue")
    def device_continue() -> Response:
        browser.check(PATH)
        try:
            asked = devices.begin(single(request.form, "code"), browser.address())
        except Invalid:
            return _page(pages, browser, "enter", wrong=True)
        return browser.into(broker.login.sign_in.begin(asked, browser.visitor()))

    @routes.post(f"{PATH}/refuse")
    def device_refuse() -> Response:
        browser.check(PATH)
        try:
            devices.refuse(single(request.form, "code"), browser.address())
        except Invalid:
            return _page(pages, browser, "enter", wrong=True)
        return browser.go(pages.path(f"{PATH}/refused"))

    for path, state in ((PATH, "enter"), (f"{PATH}/done", "done"), (f"{PATH}/refused", "refused")):
        routes.add_url_rule(path, f"device_{state}", partial(_page, pages, browser, state), methods=["GET"])


def answered(
    broker: Broker, pages: Pages, browser: BrowserState, asked: AuthorizationRequest, params: Mapping[str, str]
) -> Response:
    """The response to an application; or, for a device, which no browser can be sent to, the page that says it may go on."""
    devices = broker.oauth.device_requests
    if asked.redirect_uri != devices.return_uri:
        return respond(browser.issuer, asked, params, pages)
    return browser.go(pages.path(f"{PATH}/done" if devices.finish(asked, params) else f"{PATH}/refused"))


def _page(
    pages: Pages, browser: BrowserState, state: str, *, typed: str = "", application: str = "", wrong: bool = False
) -> Response:
    """state: enter, confirm, done or refused. typed: what the field holds."""
    binding = browser.binding() or new_secret()
    response = pages.render(
        "device_code.html",
        status=400 if wrong else 200,
        keep_query={},
        here=pages.path(PATH),
        state=state,
        code=typed[:40],
        shown=f"{typed[:4]}-{typed[4:]}" if state == "confirm" else "",
        application=application,
        errors=[{"field": "code", "message": str(pages.translator().gettext(_UNKNOWN))}] if wrong else [],
        csrf=csrf.token(binding, PATH),
        action=pages.path(PATH),
        continue_url=pages.path(f"{PATH}/continue"),
        refuse_url=pages.path(f"{PATH}/refuse"),
        home_url=pages.path("/apps"),
    )
    if browser.binding() is None:
        browser.cookies.set(response, CookiePurpose.BROWSER, binding)
    return response
