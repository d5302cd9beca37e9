"""The landing page of an invitation: opening it spends nothing, its button begins (IN-07, IN-08, IN-16); and a fresh link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from broker.domain.address import domain_of
from broker.domain.login import LIFETIME
from broker.services.invitations.email_proof import is_open_to
from broker.web import csrf
from broker.web.cookies import CookiePurpose
from broker.web.error_context import error_context
from broker.web.pages import Pages
from broker.web.signin.browser import BrowserState
from broker.web.signin.error_recovery import FRESH
from broker.web.signin.mail_link import MailLink

if TYPE_CHECKING:
    from broker.app import Broker

_SCOPE = "invitation"
_KEPT = 2 * LIFETIME  # seconds: a person who was too slow for one login begins another without the e-mail


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """`/invitation/TICKET` puts the ticket into a cookie; `/invitation` is the page without it in the address."""
    link = MailLink(broker, browser, CookiePurpose.INVITATION, kept=_KEPT, counted="ticket", malformed="invitation_malformed")
    _register_fresh(routes, broker, pages, browser, link)

    @routes.get("/invitation/<ticket>")
    def arrive(ticket: str) -> Response:
        return link.arrived(ticket, pages.path("/invitation"))

    @routes.get("/invitation")
    def show() -> Response:
        ticket = link.ticket()
        with link.guessing():
            invitation = broker.invitations.invitations.landing(ticket)
        settings = broker.core.settings()
        error_context().ui_locales = (invitation.language,)
        application = settings.applications.get(invitation.application or "")
        partner = settings.partner_of_domain(domain_of(invitation.email))
        held = broker.sessions.find(browser.session())
        return pages.render(
            "invitation.html",
            ui_locales=(invitation.language,),
            keep_query={},
            application=application.name if application else "",
            inviter=invitation.inviter if "@" in invitation.inviter else "",
            message=invitation.message,
            email=invitation.email,
            partner=partner.name if partner else "",
            by_code=is_open_to(settings, invitation.email),
            expires_at=invitation.expires_at,
            signed_in_as=held[1].email if held and held[1].id != invitation.guest_id else "",
            csrf=csrf.token(ticket, _SCOPE),
            action=pages.path("/invitation"),
        )

    @routes.post("/invitation")
    def begin() -> Response:
        ticket = link.pressed(_SCOPE)
        with link.guessing():
            invitation = broker.invitations.invitations.landing(ticket)
        held = broker.sessions.find(browser.session())
        started = broker.login.sign_in.begin_invitation(
            browser.visitor(),
            invitation_id=invitation.id,
            email=invitation.email,
            another_account=held is not None and held[1].id != invitation.guest_id,
        )
        return browser.into(started)


def _register_fresh(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState, link: MailLink) -> None:
    """The button of a link that ran out or was used, and the one page that answers it (IN-06, LP-04)."""

    @routes.post("/invitation/fresh")
    def fresh() -> Response:
        broker.invitations.resend.send(link.pressed(FRESH), browser.address())
        return browser.go(pages.path("/invitation/fresh"))

    @routes.get("/invitation/fresh")
    def sent() -> Response:
        return pages.render("fresh_link.html", keep_query={})
