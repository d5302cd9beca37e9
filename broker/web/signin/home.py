"""Which home organization: by address, by a hint, by a choice from a list. No answer tells whether a guest exists (LP-04)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.address import domain_of
from broker.domain.errors import BadRequest
from broker.services.addresses import canonical
from broker.services.login.context import LoginContext
from broker.services.partners.federation_search import FoundOrganization
from broker.settings.model import PartnerFile
from broker.web.cookies import CookiePurpose
from broker.web.i18n import _
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin import passkey_sign_in
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

SIGN_UP = _("Ask for access")
LISTED = 30  # organizations a page shows; more are found by searching


def page(
    broker: Broker,
    pages: Pages,
    browser: BrowserState,
    found: LoginContext,
    *,
    problem: str = "",
    email: str = "",
    status: int = 200,
    passkey_refused: bool = False,
) -> Response:
    """`home-organization`: asks for the address, remembers what the application knew."""
    login = found.login
    account = None
    if found.facts.request.choose and found.session is not None:
        held = broker.sessions.find(browser.session())
        account = held[1].email if held else None
    return pages.render(
        "home_organization.html",
        status=status,
        ui_locales=login.request.ui_locales if login.request else (),
        keep_query={},
        here=browser.path(login.id, "address"),
        application=about(found),
        sign_up_url=sign_up_url(pages, found),
        csrf=browser.token(login.id),
        action=browser.path(login.id, "home"),
        email=email or login.login_hint or "",
        errors=[{"field": "email", "message": problem}] if problem else [],
        other_url=browser.path(login.id, "choose"),
        last=None if problem else _last(broker, browser),
        account=account or "",
        account_action=browser.path(login.id, "account"),
        **passkey_sign_in.offered(broker, browser, found, refused=passkey_refused),
    )


def about(found: LoginContext) -> str:
    """The application that the login is for, or ""."""
    application = found.application or found.signing_up_for
    return application.name if application else ""


def sign_up_url(pages: Pages, found: LoginContext) -> str:
    """Where a person without an invitation can ask for the application that wants them to sign in; "" for nowhere."""
    file = found.application
    return pages.path(f"/sign-up/{file.client_id}") if file is not None and file.self_service.sign_up else ""


def _last(broker: Broker, browser: BrowserState) -> dict[str, str] | None:
    """The organization that vouched last in this browser, if it is still a partner."""
    partner = broker.core.settings().partners.get(browser.cookies.read(request, CookiePurpose.HOME) or "")
    return {"id": partner.id, "name": partner.name} if partner else None


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The address form, the list, and "go on as signed in"."""
    _register_list(routes, broker, pages, browser)

    @routes.post("/signin/<uuid:login>/home")
    def address(login: str) -> Response:
        browser.check(str(login))
        typed, last = single(request.form, "email").strip(), single(request.form, "last")
        if last and not _is_another(broker, browser, str(login), typed):
            _choose(broker, browser, str(login), last)
            return browser.go(browser.path(str(login)))
        email = canonical(typed)
        if email is None:
            found = broker.login.context.read_login(str(login), browser.visitor())
            browser.within(found.login)
            say = pages.translator(found.login.request.ui_locales if found.login.request else ()).gettext
            problem = str(say("Enter an e-mail address like name@company.example"))
            return page(broker, pages, browser, found, problem=problem, email=typed[:320], status=400)
        partner = broker.login.actions.choose(str(login), browser.visitor(), email=email, partner_id=None)
        return browser.go(browser.path(str(login), "" if partner else "choose"))

    @routes.get("/signin/<uuid:login>/address")
    def by_address(login: str) -> Response:
        found = broker.login.context.read_login(str(login), browser.visitor())
        browser.within(found.login)
        return page(broker, pages, browser, found)

    @routes.post("/signin/<uuid:login>/account")
    def go_on(login: str) -> Response:
        browser.check(str(login))
        broker.login.actions.use_session(str(login), browser.visitor())
        return browser.go(browser.path(str(login)))


def _register_list(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The list of organizations, and the choice from it."""

    @routes.get("/signin/<uuid:login>/choose")
    def choose(login: str) -> Response:
        found = broker.login.context.read_login(str(login), browser.visitor())
        browser.within(found.login)
        query = single(request.args, "q").strip()[:100]
        last = browser.cookies.read(request, CookiePurpose.HOME) or ""
        ui_locales = found.login.request.ui_locales if found.login.request else ()
        partners = matching(broker, query, last, pages.translator(ui_locales).language)
        typed = found.login.login_hint or ""
        return pages.render(
            "choose_partner.html",
            ui_locales=ui_locales,
            keep_query={"q": query} if query else {},
            application=about(found),
            csrf=browser.token(str(login)),
            action=browser.path(str(login), "choose"),
            partners=[
                {"id": p.id, "name": p.name, "logo": pages.assets.partner_logo(p.id), "last": p.id == last}
                for p in partners[:LISTED]
            ],
            query=query,
            more=len(partners) > LISTED,
            unknown="" if broker.core.settings().partner_of_domain(domain_of(typed)) else typed,
            email_url=browser.path(str(login), "address"),
        )

    @routes.post("/signin/<uuid:login>/choose")
    def chosen(login: str) -> Response:
        browser.check(str(login))
        _choose(broker, browser, str(login), single(request.form, "partner"))
        return browser.go(browser.path(str(login)))


def _choose(broker: Broker, browser: BrowserState, login_id: str, partner_id: str) -> None:
    if broker.login.actions.choose(login_id, browser.visitor(), email=None, partner_id=partner_id) is None:
        raise BadRequest("partner_unknown")


def _is_another(broker: Broker, browser: BrowserState, login_id: str, typed: str) -> bool:
    """Whether an address was typed, not only left as the page showed it: then it counts, not the organization used last."""
    if not typed:
        return False
    found = broker.login.context.read_login(login_id, browser.visitor())
    return typed != (found.login.login_hint or "")


def matching(broker: Broker, query: str, last: str, language: str) -> list[FoundOrganization]:
    """The partners whose name or domain has the words: the one called `last` first, then those with a file by name, then those of
    federations by name; one more than a page shows.

    A hidden one is not shown to strangers, only where it was used last.
    """
    settings = broker.core.settings()
    words = query.casefold().split()

    def fits(partner: PartnerFile) -> bool:
        text = f"{partner.name} {' '.join(partner.domains)}".casefold()
        return all(word in text for word in words)

    first = settings.partners.get(last)
    found = [first] if first is not None and fits(first) else []
    others = (partner for partner in settings.partners_by_name if partner.id != last and not partner.hidden and fits(partner))
    files = [FoundOrganization(id=one.id, name=one.name) for one in (*found, *islice(others, LISTED + 1 - len(found)))]
    federated = broker.partners.federation_search.find(query, [language], limit=LISTED + 1 - len(files))
    return files + [one for one in federated if one.id != last]
