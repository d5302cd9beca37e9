"""Contoso's world with a partner over SAML beside the others: Woodgrove, on an address of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from broker.demo.browser import BrowserPage
from broker.demo.identity import Account
from broker.demo.person import DemoPerson
from broker.demo.saml.identity import SamlIdentityProvider
from broker.demo.saml.partner import create_saml_partner
from broker.demo.serving import LoopbackServer
from broker.keyring.create import SAML
from tests import first_ring
from tests.journeys.world import World

WANDA = Account(subject="wanda", name="Wanda Wood", email="wanda@woodgrove.example")
WILL = Account(subject="will", name="Will Wood", email="will@woodgrove.example")
RETURN = "partner-return"


@dataclass
class SamlWorld:
    """The world, and the SAML partner in it. The partner's file is written anew by `file`."""

    world: World
    idp: SamlIdentityProvider
    server: LoopbackServer

    def file(
        self,
        *,
        partner: str = "woodgrove",
        domain: str = "woodgrove.example",
        trust: str = "email: true",
        claims: str = "",
        **saml: Any,
    ) -> None:
        """config/partners/PARTNER.yaml; keywords are keys of its `saml:`, None leaves one out."""
        keys = {"metadata": f"{self.server.address}/metadata", "entity_id": self.idp.entity_id, **saml}
        lines = "".join(f"  {key}: {_shown(value)}\n" for key, value in keys.items() if value is not None)
        text = f"name: {partner.title()}\ndomains: [{domain}]\nsaml:\n{lines}trust: {{{trust}}}\n{claims}"
        self.world.write(f"partners/{partner}.yaml", text)

    def visitor(self, person: Account = WANDA, **options: Any) -> DemoPerson:
        """Somebody with a browser of their own."""
        return self.world.visitor(person, **options)

    def redeem(self, who: DemoPerson) -> BrowserPage:
        """An invitation to Payroll, followed to its end."""
        return self.world.redeem(who)

    def at_the_return(self, who: DemoPerson, **params: str) -> BrowserPage:
        """A sign-in up to the form that posts the response: who has it in hand, not sent yet."""
        who.halt_at = (RETURN,)
        try:
            page = self.world.arrive(who, **params)
        finally:
            who.halt_at = ()
        if page.name != RETURN:
            raise AssertionError(f"no response in hand but {page}")
        return page


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def fields(page: BrowserPage) -> dict[str, str]:
    """What the partner's form would post."""
    return {item.name: item.value for item in page.document.forms[0].fields}


@contextmanager
def saml_world(world: World, **options: Any) -> Iterator[SamlWorld]:
    """Add Woodgrove to a world. own: it reads our metadata for it alone; host: another address; the rest is its identity provider's."""
    server = LoopbackServer(options.pop("host", "127.0.0.8"))
    try:
        first_ring.add_ring(world.broker, [SAML])
        own = options.pop("own", False)
        at = f"{world.url}/saml/woodgrove/metadata" if own else f"{world.url}/saml/metadata"
        idp = SamlIdentityProvider(
            server.address, name="Woodgrove", accounts=(WANDA, WILL), sp_metadata=at, clock=world.clock, **options
        )
        server.start(create_saml_partner(idp))
        yield SamlWorld(world, idp, server)
    finally:
        server.close()
