"""The trial sign-in of a set-up link: the button that begins it, and its answer at the addresses of real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.services.partner_setup.links import PAGE
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin.browser import BrowserState
from broker.web.signin.mail_link import MailLink
from broker.web.signin.trial import back

if TYPE_CHECKING:
    from broker.app import Broker


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState, link: MailLink, scope: str) -> None:
    """The button, and the GET behind an answer that was posted. scope: of the page's forms."""
    trials = broker.partner_setup.trial_login

    @routes.post(f"{PAGE}/trial")
    def begin_trial() -> Response:
        ticket = link.pressed(scope)
        with link.guessing():
            found = broker.partner_setup.links.look(ticket)
        outbound = trials.begin(ticket, browser.address())
        if outbound is None:
            return back(pages, browser, ticket)
        if outbound.form is None:
            return browser.go(outbound.url)
        return pages.render("post_form.html", keep_query={}, target=found.name, action=outbound.url, fields=dict(outbound.form))

    @routes.get(f"{PAGE}/trial")
    def claim_trial() -> Response:
        ticket = link.ticket()
        with link.guessing():
            trials.claim(ticket, single(request.args, "handle"), browser.address())
        return back(pages, browser, ticket)
