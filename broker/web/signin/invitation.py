"""The landing page of an invitation: opening it spends nothing, its button begins (IN-07, IN-08, IN-16); and a fresh link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from broker.domain.address import domain_of
from broker.domain.errors import BadRequest, PageError
from broker.domain.login import LIFETIME
from broker.services.invitations import Landing
from broker.services.mailboxes import is_open_to
from broker.web import csrf
from broker.web.cookies import Purpose
from broker.web.pages import Pages
from broker.web.signin.browser import Browser
from broker.web.signin.ways import FRESH

if TYPE_CHECKING:
    from broker.app import Broker

_SCOPE = "invitation"
_KEPT = 2 * LIFETIME  # seconds: whoever was too slow for one login begins another without the mail
GUESSES = 60  # unknown tickets an address may try in ten minutes (IN-06)


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: Browser) -> None:
    """`/invitation/TICKET` puts the ticket into a cookie; `/invitation` is the page without it in the address."""
    _register_fresh(routes, broker, pages, browser)

    @routes.get("/invitation/<ticket>")
    def arrive(ticket: str) -> Response:
        if len(ticket) != 43:
            _guess()
            raise BadRequest("invitation_malformed")
        response = browser.go(pages.path("/invitation"))
        browser.cookies.set(response, Purpose.INVITATION, ticket, max_age=_KEPT)
        return response

    @routes.get("/invitation")
    def show() -> Response:
        ticket = ticket_of(browser)
        landing = _look(ticket)
        settings = broker.settings.get()
        g.ui_locales = (landing.invitation.language,)
        application = settings.applications.get(landing.invitation.application or "")
        partner = settings.partner_of_domain(domain_of(landing.invitation.email))
        held = broker.sessions.find(browser.session())
        return pages.render(
            "invitation.html",
            ui_locales=g.ui_locales,
            keep_query={},
            application=application.name if application else "",
            inviter=landing.invitation.inviter if "@" in landing.invitation.inviter else "",
            message=landing.invitation.message,
            email=landing.invitation.email,
            partner=partner.name if partner else "",
            by_code=is_open_to(settings, landing.invitation.email),
            expires_at=landing.invitation.expires_at,
            signed_in_as=held[1].email if held and held[1].id != landing.person.id else "",
            csrf=csrf.token(ticket, _SCOPE),
            action=pages.path("/invitation"),
        )

    @routes.post("/invitation")
    def begin() -> Response:
        csrf.check_origin(request, browser.issuer)  # first: another site's form brings no ticket
        ticket = ticket_of(browser)
        csrf.check(request, ticket, _SCOPE, browser.issuer)
        landing = _look(ticket)
        held = broker.sessions.find(browser.session())
        started = broker.sign_in.begin_invitation(
            browser.binding(),
            browser.address(),
            invitation_id=landing.invitation.id,
            email=landing.invitation.email,
            anew=held is not None and held[1].id != landing.person.id,
        )
        response = browser.go(browser.path(started.login_id))
        browser.cookies.set(response, Purpose.BROWSER, started.browser)
        return response

    def _look(ticket: str) -> Landing:
        try:
            return broker.invitations.landing(ticket)
        except PageError:
            _guess()
            raise

    def _guess() -> None:
        broker.attempts.hit(f"ticket:{browser.address()}", limit=GUESSES, window=600)


def _register_fresh(routes: Blueprint, broker: Broker, pages: Pages, browser: Browser) -> None:
    """The button of a link that ran out or was used, and the one page that answers it (IN-06, LP-04)."""

    @routes.post("/invitation/fresh")
    def fresh() -> Response:
        csrf.check_origin(request, browser.issuer)
        ticket = ticket_of(browser)
        csrf.check(request, ticket, FRESH, browser.issuer)
        broker.fresh.send(ticket, browser.address())
        return browser.go(pages.path("/invitation/fresh"))

    @routes.get("/invitation/fresh")
    def sent() -> Response:
        return pages.render("fresh_link.html", keep_query={})


def ticket_of(browser: Browser) -> str:
    """The ticket in this browser's hands. Raises BadRequest where there is none."""
    ticket = browser.cookies.read(request, Purpose.INVITATION)
    if ticket is None:
        raise BadRequest("invitation_malformed")
    return ticket
