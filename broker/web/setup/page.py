"""`/setup`: what a partner's IT enters at its side and at ours. Opening the link, however often, changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from broker.connectors.registry import FAMILIES, callback_url
from broker.domain.errors import BadRequest
from broker.domain.setup_link import SetupAnswer, SetupLink
from broker.domain.times import HOUR
from broker.services.partner_setup.links import PAGE, UNKNOWN
from broker.services.partner_setup.sandbox import draft_of
from broker.web import csrf, feedback, findings, partner_health
from broker.web.cookies import CookiePurpose
from broker.web.i18n import Translator, _
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.setup import connection, trial
from broker.web.setup.vendors import ACS, ENTITY, METADATA, REDIRECT, SLO, VENDORS, Step
from broker.web.signin.browser import BrowserState
from broker.web.signin.mail_link import MailLink

if TYPE_CHECKING:
    from broker.app import Broker

KEPT = 12 * HOUR  # of the ticket in the browser: a day's work; then the link is opened again
SCOPE = "setup"  # of the CSRF tokens of the page's forms
SAID = {
    "saved": _("We read it, and kept it. Nothing is in force yet."),
    "tried": _("The trial is over. Nobody was signed in, and nothing was made."),
    "looked": _("The domains were looked up. See below."),
    "finished": _("Handed over. You hear from the person who sent you the link."),
    "not_done": _("Nothing was done: there was nothing new to hand over."),
}


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """`/setup/TICKET` puts the ticket into a cookie; `/setup` is the page without it in the address."""
    link = MailLink(broker, browser, CookiePurpose.SETUP, kept=KEPT, counted="setup", malformed=UNKNOWN)
    trial.register(routes, broker, pages, browser, link, SCOPE)
    links, connections = broker.partner_setup.links, broker.partner_setup.connection

    @routes.get(f"{PAGE}/<ticket>")
    def setup_arrives(ticket: str) -> Response:
        return link.arrived(ticket, pages.path(PAGE))

    @routes.get(PAGE)
    def partner_setup() -> Response:
        ticket = link.ticket()
        with link.guessing():
            found = links.look(ticket)
        return _page(broker, pages, found, ticket)

    @routes.post(f"{PAGE}/connection")
    def enter_connection() -> Response:
        ticket = link.pressed(SCOPE)
        with link.guessing():
            found = links.look(ticket)
        wish, values = connection.read(request)
        trouble = connections.save(ticket, wish, browser.address())
        if trouble:
            return _page(broker, pages, found, ticket, values=values, errors=connection.errors(trouble))
        return browser.go(pages.path(feedback.address(ticket, PAGE, "saved")))

    @routes.post(f"{PAGE}/domains")
    def look_up_domains() -> Response:
        ticket = link.pressed(SCOPE)
        with link.guessing():
            links.look(ticket)
        broker.partner_setup.domain_proof.check(ticket, browser.address())
        return browser.go(pages.path(feedback.address(ticket, PAGE, "looked")))

    @routes.post(f"{PAGE}/finish")
    def finish_setup() -> Response:
        ticket = link.pressed(SCOPE)
        with link.guessing():
            done = connections.finish(ticket, browser.address())
        return browser.go(pages.path(feedback.address(ticket, PAGE, "finished" if done else "not_done")))


def _page(
    broker: Broker,
    pages: Pages,
    link: SetupLink,
    ticket: str,
    *,
    values: Mapping[str, str] | None = None,
    errors: Sequence[dict[str, str]] = (),
) -> Response:
    """values, errors: of a form that was refused."""
    say, ours = pages.translator((link.language,)), our_values(broker.core.settings().issuer, link.partner)
    chosen, answer = _chosen(), broker.partner_setup.connection.of(link)
    said = feedback.read(ticket, single(request.args, feedback.FIELD), SAID)
    return pages.render(
        "partner_setup.html",
        status=400 if errors else 200,
        ui_locales=(link.language,),
        keep_query=({"at": chosen} if chosen else {}) if not errors else None,
        here=pages.path(PAGE) if errors else "",
        link={"name": link.name, "expires_at": link.expires_at},
        values=ours,
        said=say.gettext(said[0]) if said else "",
        csrf=csrf.token(ticket, SCOPE),
        given={**dict.fromkeys(connection.FIELDS, ""), **(values or _held(link, answer))},
        errors=list(errors),
        sections=[(kind, family.title) for kind, family in FAMILIES.items()],
        action=pages.path(f"{PAGE}/connection"),
        health=partner_health.shared(broker.partner_setup.shared_health.of(link), broker.core.clock(), say),
        now=broker.core.clock(),
        proofs=findings.proofs(broker.partner_setup.domain_proof.of(link), say),
        proofs_action=pages.path(f"{PAGE}/domains"),
        trial_action=pages.path(f"{PAGE}/trial"),
        **findings.trial(broker.partner_setup.connection.trial_of(link), say),
        finish_action=pages.path(f"{PAGE}/finish"),
        **state(link, answer, say),
        **steps(pages, say, ours, chosen),
    )


def state(link: SetupLink, answer: SetupAnswer | None, say: Translator) -> dict[str, Any]:
    """How far it is: what doctor says of the answer, the file that it makes, and whether it was handed over or decided about."""
    return {
        "findings": findings.steps(answer.findings, say) if answer else [],
        "text": draft_of(link, answer).text if answer else "",
        "has_secret": bool(answer and answer.secret),
        "has_metadata": bool(answer and answer.metadata),
        "finished_at": link.finished_at,
        "decision": link.decision.value if link.decision else "",
    }


def our_values(issuer: str, partner: str) -> dict[str, str]:
    """What a partner enters at its side, by the names that the steps have for it."""
    return {
        REDIRECT: callback_url(issuer, "oidc", partner, own=False),
        ENTITY: f"{issuer}/saml/metadata",
        ACS: callback_url(issuer, "saml", partner, own=False),
        SLO: f"{issuer}/saml/slo",
        METADATA: f"{issuer}/saml/metadata",
    }


def _held(link: SetupLink, answer: SetupAnswer | None) -> dict[str, str]:
    """What the form shows: what was entered before, without secret and pasted text."""
    if answer is None:
        return {"domains": " ".join(link.domains)}
    keys = {"metadata_url" if key == "metadata" else key: value for key, value in answer.keys.items()}
    return {"section": answer.section, "domains": " ".join(answer.domains), **keys}


def _chosen() -> str:
    """The product of the address. Raises BadRequest for one that we have no steps for."""
    if set(request.args) - {"at", "lang", feedback.FIELD}:
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
