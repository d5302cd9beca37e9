"""The answer to the trial sign-in of a set-up link, at the addresses of real ones: no login begins or goes on by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Response, request

from broker.domain.errors import BadRequest
from broker.services.partner_setup.links import PAGE, UNKNOWN
from broker.web import feedback
from broker.web.cookies import CookiePurpose
from broker.web.pages import Pages
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker


def answered(broker: Broker, pages: Pages, browser: BrowserState, partner: str, params: Mapping[str, str]) -> Response:
    """An answer at the redirect URI. Raises BadRequest, LoginExpired."""
    ticket = browser.cookies.read(request, CookiePurpose.SETUP)
    if ticket is None:
        raise BadRequest(UNKNOWN)
    broker.partner_setup.trial_login.complete(ticket, partner, params, browser.address())
    return back(pages, browser, ticket)


def posted(broker: Broker, pages: Pages, browser: BrowserState, params: Mapping[str, str]) -> Response:
    """An answer at the assertion consumer service: the GET that follows brings the ticket. Raises LoginExpired."""
    handle = broker.partner_setup.trial_login.arrive(params, browser.address())
    return browser.go(pages.path(f"{PAGE}/trial?handle={handle}"))


def back(pages: Pages, browser: BrowserState, ticket: str) -> Response:
    """303 to the set-up page, which shows what came of it."""
    return browser.go(pages.path(feedback.address(ticket, PAGE, "tried")))
