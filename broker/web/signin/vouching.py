"""`mfa-vouch`: a first method may be added once the one who answers for the person has confirmed that it is them (FA-05)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from broker.services.login.context import LoginContext
from broker.web.pages import Pages
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker


def page(broker: Broker, pages: Pages, browser: BrowserState, found: LoginContext, *, asked: bool = False) -> Response:
    """Why nothing can be added yet, and who can confirm. asked: they were asked just now."""
    login, person = found.login, found.person
    if person is None:
        return browser.go(browser.path(login.id))
    prospect = broker.factors.reset.prospect(person)
    return pages.render(
        "mfa_vouch.html",
        ui_locales=login.request.ui_locales if login.request else (),
        keep_query={},
        email="" if found.facts.partner.by_mail else person.email,
        may_ask=prospect.may_ask,
        asked=asked,
        due_at=prospect.due_at,
        reference=login.reference,
        csrf=browser.token(login.id),
        action=browser.path(login.id, "vouch"),
        restart_url=browser.path(login.id, "restart"),
        help_url=pages.help_url(login.reference),
    )


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The button that asks."""

    @routes.post("/signin/<uuid:login>/vouch")
    def vouch(login: str) -> Response:
        browser.check(str(login))
        asked = broker.factors.reset.ask(str(login), browser.visitor())
        found = broker.login.context.read_login(str(login), browser.visitor())
        browser.within(found.login)
        return page(broker, pages, browser, found, asked=asked)
