"""People of a federation sign in: found by name, verified by the aggregate's keys, bounded by their organization's scopes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from broker.demo.browser import BrowserPage
from broker.demo.identity import Account
from broker.domain.audit import Actor
from broker.domain.errors import PartnerFailed
from broker.domain.federation import entity_hash
from broker.services.metrics.figures import LOGINS
from tests.aggregates import aggregate, entity
from tests.connectors.saml.metadata_documents import pem, rsa_key
from tests.journeys.saml_world import WANDA, SamlWorld, saml_world
from tests.journeys.world import World

KEY = rsa_key(name="federation")
ELSA = Account(subject="elsa", name="Elsa Else", email="elsa@else.example")
HELP = "https://woodgrove.example/help?ERRORURL_CODE&amp;ERRORURL_RP"
NAMES = (
    '<mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"><mdui:DisplayName xml:lang="en">Woodgrove University</mdui:DisplayName>'
    '<mdui:DisplayName xml:lang="nl">Universiteit Woodgrove</mdui:DisplayName></mdui:UIInfo>'
)


@pytest.fixture
def edu(world: World) -> Iterator[SamlWorld]:
    """Woodgrove has no file, but is an entity of the federation `edu`, with the scope woodgrove.example."""
    with saml_world(world, scopes=["woodgrove.example"]) as added:
        added.idp.accounts[ELSA.subject] = ELSA
        publish(added)
        yield added


def publish(added: SamlWorld, day: int = 1, until: str = "2099-01-01T00:00:00Z", **keys: str) -> None:
    """The aggregate of a day and the federation's file, then what housekeeping does."""
    world = added.world
    own = re.sub(r' (?:ID|cacheDuration)="[^"]*"', "", added.idp.metadata().decode()).replace(
        "</md:Extensions>", f"{NAMES}</md:Extensions>"
    )
    own = own.replace("<md:IDPSSODescriptor ", f'<md:IDPSSODescriptor errorURL="{HELP}" ')
    raw = aggregate([entity("north", names={"en": "North"}), own], KEY, created=f"2026-11-{day:02}T00:00:00Z", until=until)
    (world.home / "md.pem").write_text(pem(KEY))
    (world.home / "md.xml").write_bytes(raw)
    keys = {"metadata": "md.xml", "metadata_certificate": "md.pem", "trust": "{email: true}", **keys}
    world.write("federations/edu.yaml", "".join(f"{key}: {value}\n" for key, value in keys.items()))
    world.broker.partners.federation_index.refresh(Actor.system(), "edu")


def ended(world: World, page: BrowserPage) -> str:
    """`in`, or the error page's code and the receipt's reason."""
    return "in" if page.location is not None else f"{page.error} {world.receipt(page)['reason']}"


def unavailable(world: World) -> list[tuple[str, ...]]:
    """What /metrics says about documents that could not be fetched."""
    readings = world.broker.operations.figures.readings()
    return next(list(one.samples) for one in readings if one.figure.name == "broker_partner_unavailable")


def test_whole_life(edu: SamlWorld) -> None:
    """HO-14: an invitation leads to the organization whose scope the address has; later visits by address, by hint, by the last
    choice and by name, in the visitor's language.
    """
    world, partner = edu.world, f"edu/{entity_hash(edu.idp.entity_id)}"
    wanda = edu.visitor()
    assert edu.redeem(wanda).location is not None
    assert "email-code" not in wanda.seen
    person = world.person(WANDA.email)
    assert person.partner == partner
    seen = " ".join(one.seen for one in world.broker.doctor.examine(partner, offline=True).findings)
    assert "config/federations/edu.yaml: nothing to change" in seen
    assert ended(world, world.arrive(edu.visitor())) == "in"
    counted = next(reading.samples for reading in world.broker.meter.readings() if reading.figure is LOGINS)
    assert ("payroll", "edu", "allowed") in counted  # /metrics has a label a federation, not one an entity
    hinted = edu.visitor()
    assert ended(world, world.arrive(hinted, domain_hint="woodgrove.example")) == "in"
    assert ended(world, world.arrive(edu.visitor(), domain_hint=edu.idp.entity_id)) == "in"
    hinted.browser.submit(hinted.browser.get(f"{world.url}/apps"), press="Sign out")
    assert "Last time you signed in at Woodgrove University" in hinted.browser.get(world.request()[0]).text
    by_name = edu.visitor()
    page = by_name.browser.follow(by_name.browser.get(world.request(ui_locales="nl")[0]), "Andere organisatie gebruiken")
    page = by_name.browser.get(f"{page.url.partition('?')[0]}?q=univ+wood")
    page = by_name.browser.submit(page, press="Universiteit Woodgrove", stop_at=world.callback)
    assert ended(world, by_name.walk(page, stop_at=world.callback)) == "in"


def test_bounds(edu: SamlWorld) -> None:
    """An address outside the scopes is not verified by the federation's trust: who was invited must prove the mailbox."""
    world, invited = edu.world, edu.world.invite(ELSA.email)
    elsa = edu.visitor(ELSA)
    page = elsa.open(invited.redeem_url, stop_at=world.callback)
    assert page.name == "email-code"
    chosen = elsa.browser.get(f"{page.url.partition('?')[0].removesuffix('/code')}/choose?q=woodgrove")
    page = elsa.walk(elsa.browser.submit(chosen, press="Woodgrove University", stop_at=world.callback), stop_at=world.callback)
    assert page.name == "email-code"
    assert "partner-login" in elsa.seen


def test_what_the_federation_says_counts(edu: SamlWorld) -> None:
    """HS-18, HS-39: only keys of the aggregate verify; an entity that is excluded is no partner; an aggregate that is over serves nobody."""
    world = edu.world
    edu.redeem(edu.visitor())
    edu.idp.rotate_key(keep=False)
    page = world.arrive(edu.visitor())
    assert ended(world, page) == "partner_untrusted saml_signature"
    assert f"https://woodgrove.example/help?AUTHENTICATION_FAILURE&amp;{quote(world.url, safe='')}" in page.text
    publish(edu, day=2)
    assert ended(world, world.arrive(edu.visitor())) == "in"
    publish(edu, day=3, exclude=f"{{entity_ids: ['{edu.idp.entity_id}']}}")
    assert world.arrive(edu.visitor()).name == "email-code"
    publish(edu, day=4, until="2099-01-01T00:00:00Z")
    (world.home / "md.xml").unlink()
    with pytest.raises(PartnerFailed):
        world.broker.partners.federation_index.refresh(Actor.system(), "edu")
    assert unavailable(world) == [("edu", "federation", "true")]
    at = world.clock()
    world.clock.advance(4_070_908_800 - at)
    assert ended(world, world.arrive(edu.visitor())) == "partner_failed metadata_expired"
    assert unavailable(world) == [("edu", "federation", "false")]
