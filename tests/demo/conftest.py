"""The cast without a broker: the sample application asks the partner in a box directly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from broker.demo.application import create_application
from broker.demo.browser import Browser, BrowserPage
from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.partner import create_partner
from broker.demo.relying import PendingRequest, RelyingParty, Tokens
from broker.demo.serving import LoopbackServer
from tests.clock import Clock

ADA = Account(subject="ada", name="Ada Fabrik", email="ada@fabrikam.example", claims={"tid": "fab"})
BO = Account(subject="bo", name="Bo Fabrik", email="bo@fabrikam.example", email_verified=None)
SECRET = "a secret: with % and + in it"


@dataclass
class Pair:
    """A partner and an application on addresses of their own, both by one clock."""

    provider: IdentityProvider
    party: RelyingParty
    public: RelyingParty
    partner: str
    application: str
    clock: Clock

    def begin(self, **params: str) -> tuple[str, PendingRequest]:
        """A request that the test takes to the partner itself."""
        return self.party.begin(**params)

    def answer(self, browser: Browser, url: str, subject: str = "ada") -> BrowserPage:
        """The redirect with which the partner answers; the application does not see it."""
        page = browser.get(url, stop_at=self.application)
        return browser.submit(page, press=subject, stop_at=self.application) if page.name == "partner-login" else page

    def sign_in(self, browser: Browser, subject: str = "ada", **params: str) -> Tokens:
        """A whole sign-in, verified by the relying party."""
        url, pending = self.begin(**params)
        return self.party.complete(self.answer(browser, url, subject).query, pending)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[LoopbackServer, LoopbackServer]]:
    """Two addresses, so that cookies behave as between two companies."""
    pair = LoopbackServer("127.0.0.2"), LoopbackServer("127.0.0.5")
    for server in pair:
        server.start(lambda _environ, start: start("503 Not Yet", []) and [])
    yield pair
    for server in pair:
        server.close()


@pytest.fixture
def pair(servers: tuple[LoopbackServer, LoopbackServer], clock: Clock) -> Pair:
    """A new partner and a new application behind the module's two addresses."""
    partner, application = servers
    callback = f"{application.address}/callback"
    provider = IdentityProvider(
        partner.address,
        name="Fabrikam",
        accounts=[ADA, BO],
        clients=[
            Client(client_id="application", client_secret=SECRET, redirect_uris=(callback,)),
            Client(client_id="public", redirect_uris=(callback,)),
        ],
        alg="ES256",
        clock=clock,
    )
    party = RelyingParty(partner.address, "application", callback, client_secret=SECRET, clock=clock)
    public = RelyingParty(partner.address, "public", callback, clock=clock)
    partner.replace(create_partner(provider))
    application.replace(create_application("Payroll", party, application.address))
    return Pair(provider, party, public, partner.address, application.address, clock)
