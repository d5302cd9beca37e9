"""`/setup`: what a partner's IT enters at its identity provider. Opening the link, however often, changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from broker.connectors.registry import FAMILIES, callback_url
from broker.domain.errors import BadRequest
from broker.domain.setup_link import SetupLink
from broker.domain.times import HOUR
from broker.services.partner_setup.links import PAGE, UNKNOWN
from broker.web.cookies import CookiePurpose
from broker.web.i18n import Translator
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.setup.vendors import ACS, ENTITY, METADATA, REDIRECT, VENDORS, Step
from broker.web.signin.browser import BrowserState
from broker.web.signin.mail_link import MailLink

if TYPE_CHECKING:
    from broker.app import Broker

KEPT = 12 * HOUR  # of the ticket in the browser: a day's work; then the link is opened again


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """`/setup/TICKET` puts the ticket into a cookie; `/setup` is the page without it in the address."""
    link = MailLink(broker, browser, CookiePurpose.SETUP, kept=KEPT, counted="setup", malformed=UNKNOWN)

    @routes.get(f"{PAGE}/<ticket>")
    def setup_arrives(ticket: str) -> Response:
        return link.arrived(ticket, pages.path(PAGE))

    @routes.get(PAGE)
    def partner_setup() -> Response:
        with link.guessing():
            found = broker.partner_setup.links.look(link.ticket())
        return _page(broker, pages, found)


def _page(broker: Broker, pages: Pages, link: SetupLink) -> Response:
    say, values = pages.translator((link.language,)), our_values(broker.core.settings().issuer, link.partner)
    return pages.render(
        "partner_setup.html",
        ui_locales=(link.language,),
        keep_query={"at": _chosen()} if _chosen() else {},
        link={"name": link.name, "expires_at": link.expires_at},
        now=broker.core.clock(),
        values=values,
        **steps(pages, say, values, _chosen()),
    )


def our_values(issuer: str, partner: str) -> dict[str, str]:
    """What a partner enters at its side, by the names that the steps have for it."""
    return {
        REDIRECT: callback_url(issuer, "oidc", partner, own=False),
        ENTITY: f"{issuer}/saml/metadata",
        ACS: callback_url(issuer, "saml", partner, own=False),
        METADATA: f"{issuer}/saml/metadata",
    }


def _chosen() -> str:
    """The product of the address. Raises BadRequest for one that we have no steps for."""
    if set(request.args) - {"at", "lang"}:
        raise BadRequest("query", "unknown parameter")
    chosen = single(request.args, "at")
    if chosen and chosen not in VENDORS:
        raise BadRequest("query", "at")
    return chosen


def steps(pages: Pages, say: Translator, values: dict[str, str], chosen: str) -> dict[str, Any]:
    """The choice of products, and the steps at the chosen one over each protocol."""
    vendor = VENDORS.get(chosen)
    return {
        "vendors": [
            {"name": one.name, "url": f"{pages.path(PAGE)}?at={one.key}#how", "current": one is vendor, "count": ""}
            for one in VENDORS.values()
        ],
        "vendor": vendor.name if vendor else "",
        "ways": [
            {"name": FAMILIES[kind].title, "steps": [_said(say, values, step) for step in way]}
            for kind, way in (vendor.ways.items() if vendor else ())
        ],
    }


def _said(say: Translator, values: dict[str, str], step: Step) -> str:
    text, parts = step
    return say.gettext(text, **{name: values.get(part, part) for name, part in parts.items()})
