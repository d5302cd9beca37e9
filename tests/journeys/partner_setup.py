"""A partner's IT at its set-up page: a browser that has the ticket of a link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.app import Broker
from broker.services.partner_setup.links import MadeSetupLink, SetupLinkWish
from broker.web import create_web, csrf
from broker.web.cookies import CookiePurpose, Cookies
from broker.web.setup.page import SCOPE
from tests.journeys.world import ACTOR


@dataclass
class PartnerIt:
    """One link, and the browser in which it was opened."""

    broker: Broker
    made: MadeSetupLink
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        """The application without its server."""
        self.client = create_web(self.broker).test_client(use_cookies=False)

    @property
    def ticket(self) -> str:
        """Of the link."""
        return self.made.url.rpartition("/")[2]

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        """A request with the ticket's cookie."""
        issuer = self.broker.core.settings().issuer
        cookie = {"Cookie": f"{Cookies(issuer).name(CookiePurpose.SETUP)}={self.ticket}"}
        headers = {**cookie, **more.pop("headers", {})}
        return self.client.open(path, method=method, base_url=issuer, headers=headers, **more)

    def page(self, query: str = "") -> str:
        """The page as text."""
        return self.ask("GET", f"/setup{query}").text

    def enter(self, **form: str) -> TestResponse:
        """The form of the page; a field `csrf` replaces its token."""
        return self.ask("POST", "/setup/connection", data={csrf.FIELD: csrf.token(self.ticket, SCOPE), **form})

    def finish(self) -> TestResponse:
        """The button that hands over."""
        return self.ask("POST", "/setup/finish", data={csrf.FIELD: csrf.token(self.ticket, SCOPE)})


def partner_it(broker: Broker, partner: str = "woodgrove", **more: Any) -> PartnerIt:
    """The IT of a partner, with a link that was just made. private: see `SetupLinkWish`."""
    wish = {"name": partner.title(), "domains": [f"{partner}.example"], "language": "en", "private": True, **more}
    return PartnerIt(broker, broker.partner_setup.links.create(ACTOR, SetupLinkWish(partner=partner, **wish)))
