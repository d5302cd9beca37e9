"""`/admin/link`: the page behind a link of `broker admin-link`. Opening it spends nothing, its button does (IN-07)."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.domain.times import HOUR
from broker.services.login.administrator_links import PAGE, UNKNOWN
from broker.web import csrf
from broker.web.admin.door import Door
from broker.web.cookies import CookiePurpose
from broker.web.signin.mail_link import MailLink

_SCOPE = "administrator"


def register(routes: Blueprint, door: Door) -> None:
    """`/admin/link/TICKET` puts the ticket into a cookie; `/admin/link` is the page without it in the address."""
    broker, browser, pages = door.broker, door.browser, door.pages
    link = MailLink(broker, browser, CookiePurpose.ADMINISTRATOR, kept=HOUR, counted="administrator", malformed=UNKNOWN)

    @routes.get(f"{PAGE}/<ticket>")
    def administrator_link_arrives(ticket: str) -> Response:
        return link.arrived(ticket, pages.path(PAGE))

    @routes.get(PAGE)
    def administrator_link() -> Response:
        ticket = link.ticket()
        with link.guessing():
            found = broker.login.administrator_links.look(ticket)
        return pages.render(
            "admin_link.html", keep_query={}, email=found.email, csrf=csrf.token(ticket, _SCOPE), action=pages.path(PAGE)
        )

    @routes.post(PAGE)
    def use_administrator_link() -> Response:
        ticket = link.pressed(_SCOPE)
        with link.guessing():
            started = broker.login.administrator_links.use(ticket, browser.visitor())
        response = browser.into(started)
        browser.cookies.clear(response, CookiePurpose.ADMINISTRATOR)
        return response
