"""`review-permissions`: what an invitation, or one more application, asks a guest to agree to (HP-61)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.claims import SCOPES
from broker.domain.errors import BadRequest
from broker.services.login.context import LoginContext
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin import device, stopped
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker


def page(broker: Broker, pages: Pages, browser: BrowserState, found: LoginContext, *, redeeming: bool) -> Response:
    """Who asks, what they will see, who invited."""
    login, settings = found.login, broker.core.settings()
    invitation = found.invitation if redeeming else None
    application = found.application or (settings.applications.get(invitation.application or "") if invitation else None)
    scopes = tuple(login.request.scopes) if login.request else tuple(application.scopes) if application else ()
    if invitation is not None and application is not None and invitation.application == application.client_id:
        scopes = tuple(dict.fromkeys((*scopes, *application.scopes)))
    said = login.assertion
    name = (said.name if said else None) or (found.person.name if found.person else "")
    email = invitation.email if invitation else found.person.email if found.person else ""
    home = found.partner.name if found.partner else ""
    shown = {"name": name, "email": email, "organization": home}
    return pages.render(
        "review_permissions.html",
        ui_locales=login.request.ui_locales if login.request else (invitation.language,) if invitation else (),
        keep_query={},
        application=application.name if application else "",
        invited=redeeming,
        invitation=invitation.id if invitation else "",
        inviter=invitation.inviter if invitation and "@" in invitation.inviter else "",
        partner=home,
        details=[{"label": label, "value": value} for label, value in shown.items() if value],
        scopes=list(dict.fromkeys(scope if scope in SCOPES else "directory" for scope in scopes if scope != "openid")),
        csrf=browser.token(login.id),
        action=browser.path(login.id, "consent"),
        account_url=pages.path("/account"),
        restart_url=browser.path(login.id, "restart"),
        terms_url=pages.path("/terms") if settings.broker.terms_of_use else "",
    )


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The two buttons."""

    @routes.post("/signin/<uuid:login>/consent")
    def decide(login: str) -> Response:
        login_id = str(login)
        browser.check(login_id)
        answer = single(request.form, "accept")
        if answer == "yes":
            broker.login.consent.accept(login_id, browser.visitor(), single(request.form, "invitation"))
            return browser.go(browser.path(login_id))
        if answer != "no":
            raise BadRequest("accept")
        given_up = broker.login.actions.give_up(login_id, browser.visitor())
        if given_up.login.request is None:
            return stopped.page(broker, pages, given_up.login)
        return device.answered(broker, pages, browser, given_up.login.request, {"error": given_up.error})
