"""What a handler knows of the browser: its cookies, its address, its form token, and the login it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from broker.domain.device import device_of
from broker.domain.errors import PageError
from broker.domain.login import Login
from broker.domain.visitor import Visitor
from broker.services.login.result import StartedLogin
from broker.settings.federated_partner import FederatedPartner
from broker.web import csrf, headers
from broker.web.cookies import CookiePurpose, Cookies
from broker.web.error_context import error_context
from broker.web.pages import Pages
from broker.web.request import client_address

if TYPE_CHECKING:
    from broker.app import Broker


class BrowserState:
    """Reads the request at hand; holds nothing of it."""

    def __init__(self, broker: Broker, pages: Pages) -> None:
        self._broker = broker
        self._pages = pages

    @property
    def issuer(self) -> str:
        """Our own base URL."""
        return self._broker.core.settings().issuer

    @property
    def cookies(self) -> Cookies:
        """The cookies of this issuer."""
        return Cookies(self.issuer)

    def binding(self) -> str | None:
        """The cookie that binds this browser's logins (HW-13)."""
        return self.cookies.read(request, CookiePurpose.BROWSER)

    def session(self) -> str | None:
        """The session cookie."""
        return self.cookies.read(request, CookiePurpose.SESSION)

    def visitor(self) -> Visitor:
        """The browser as the services look at it."""
        return Visitor(self.binding(), self.session(), self.address())

    def mailbox(self) -> str | None:
        """The mark of the mailbox that was proven last in this browser (FA-13)."""
        return self.cookies.read(request, CookiePurpose.MAILBOX)

    def address(self) -> str:
        """Where the browser is, by the rules of trusted proxies (SC-09)."""
        return client_address(request, self._broker.core.settings().broker.network.trusted_proxies)

    def device(self) -> str:
        """Browser and system in words; nothing else of the User-Agent goes further."""
        return device_of(request.headers.get("User-Agent", ""))

    def token(self, scope: str) -> str:
        """The CSRF token of a form of a login, bound to this browser."""
        return csrf.token(self.binding() or "", scope)

    def check(self, scope: str) -> None:
        """Raises BadRequest("csrf") unless the form came from our page in this browser (HW-5). scope: the login's handle."""
        csrf.check(request, self.binding(), scope, self.issuer)

    def within(self, login: Login) -> None:
        """Errors of this request are this login's: same reference, and a way back into it."""
        context = error_context()
        context.reference = login.reference
        context.retry_url = self.path(login.id)
        context.ui_locales = login.request.ui_locales if login.request else ()
        asked = login.request.client_id if login.request else login.sign_up.application if login.sign_up else None
        context.names = self.names(login.partner, asked)

    def failed(self, error: PageError, partner: str | None = None) -> None:
        """The error of a live login keeps its reference, and leads back into it. partner: whose answer failed."""
        if error.login_id is None:
            return
        context = error_context()
        context.reference, context.retry_url = error.reference, self.path(error.login_id)
        if partner is not None:
            context.names = self.names(partner or error.partner)

    def names(self, partner: str | None, client_id: str | None = None) -> dict[str, str]:
        """How a page calls a partner and an application, as far as the files know them; where the partner helps, if it says so."""
        settings = self._broker.core.settings()
        known = {"partner": settings.partners.get(partner or ""), "application": settings.applications.get(client_id or "")}
        partner_file = known["partner"]
        help_url = partner_file.error_url if isinstance(partner_file, FederatedPartner) else None
        called = {kind: found.name for kind, found in known.items() if found is not None}
        return {**called, "partner_help": help_url} if help_url else called

    def path(self, login_id: str, step: str = "") -> str:
        """The address of a login's dispatcher, or of one of its steps."""
        return self._pages.path(f"/signin/{login_id}" + (f"/{step}" if step else ""))

    def go(self, location: str) -> Response:
        """303: after a POST the browser asks with GET (HW-6, AZ-22)."""
        return headers.private(Response(status=303, headers={"Location": location}))

    def into(self, started: StartedLogin) -> Response:
        """303 into a login that has begun, with the cookie that binds it to this browser (HW-13)."""
        response = self.go(self.path(started.login_id))
        self.cookies.set(response, CookiePurpose.BROWSER, started.browser)
        return response
