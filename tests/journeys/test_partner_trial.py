"""A trial sign-in behind a set-up link: real answers of real providers, of which only findings stay."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.demo.browser import Browser
from broker.demo.person import DemoPerson
from broker.domain.times import MINUTE
from broker.services.partner_setup.trial_login import MARK
from broker.web import csrf
from broker.web.setup.page import SCOPE
from tests.journeys.partner_setup import PartnerIt, partner_it
from tests.journeys.saml_world import WANDA, SamlWorld
from tests.journeys.test_partner_setup import HERE, names
from tests.journeys.world import ADA, SECRET, World


def begin(it: PartnerIt) -> str:
    """Where the button sends the browser."""
    sent = it.ask("POST", "/setup/trial", data={csrf.FIELD: csrf.token(it.ticket, SCOPE)})
    assert sent.status_code == 303, sent.text
    return str(sent.headers["Location"])


def over_oidc(world: World, **more: Any) -> PartnerIt:
    """Fabrikam's IT has entered its provider."""
    it = partner_it(world.broker, "fabrikam", **more)
    form = {"section": "oidc", "issuer": world.partners["fabrikam"].issuer, "client_id": "contoso", "client_secret": SECRET}
    assert it.enter(**form, domains="fabrikam.example").status_code == 303
    return it


def answer(world: World, url: str) -> str:
    """The path of our callback with the provider's answer, as Ada signs in there."""
    who = DemoPerson(ADA.email, ADA.subject, Browser(clock=world.clock))
    page = who.open(url, stop_at=f"{world.url}/oidc/")
    assert page.location is not None, page
    return page.location.removeprefix(world.url)


def test_over_oidc_nothing_but_findings_stays(both: World) -> None:
    """SL-09: no login, guest, session or grant, and no document; the page says what arrived, by name."""
    it = over_oidc(both)
    before = both.counts(*HERE)
    done = it.ask("GET", answer(both, begin(it)))
    assert done.headers["Location"].startswith("/setup?said=tried"), done.text
    page = it.page()
    assert "the answer arrived, signed, fresh and meant for us" in page
    kept = str(both.broker.partner_setup.connection.trial_of(it.made.link))
    assert ("family_name" in kept, ADA.email in kept, ADA.claims["family_name"] in kept) == (True, False, False)
    assert both.counts(*HERE) == before
    assert "setup_link.tried" in names(both)


def test_an_answer_counts_once_for_its_browser(world: World) -> None:
    """SL-10: replayed, in another browser, for another partner, too late, or of a login: refused, and nothing is kept."""
    it, stranger = over_oidc(world), partner_it(world.broker, "proseware")
    path = answer(world, begin(it))
    assert stranger.ask("GET", path).status_code == 400
    assert it.client.get(path, base_url=world.url).status_code == 400  # no ticket
    assert it.ask("GET", path.replace("/oidc/fabrikam/", "/oidc/northwind/")).status_code == 400
    assert it.ask("GET", path).status_code == 303
    assert it.ask("GET", path).status_code == 400
    late = answer(world, begin(it))
    world.clock.advance(11 * MINUTE)
    assert it.ask("GET", late).status_code == 400
    before = world.counts(*HERE)
    forged = it.ask("GET", f"/oidc/fabrikam/callback?state={MARK}{'x' * 43}&code=c")
    assert forged.status_code == 400
    state = parse_qs(urlsplit(begin(it)).query)["state"][0]
    plain = it.ask("GET", f"/oidc/fabrikam/callback?state={state.removeprefix(MARK)}&code=c")  # never the state of a login
    assert plain.status_code == 400
    assert world.counts(*HERE) == before


@pytest.mark.parametrize("error", ["access_denied", "invalid_request"])
def test_a_refusal_is_said_in_doctors_words(world: World, error: str) -> None:
    """The partner's IT reads the reason, and who has to change something."""
    it = over_oidc(world)
    state = parse_qs(urlsplit(begin(it)).query)["state"][0]
    assert it.ask("GET", f"/oidc/fabrikam/callback?state={state}&error={error}").status_code == 303
    assert f"upstream_error: the provider answers {error}" in it.page()


def test_over_saml_the_answer_waits_for_the_ticket(woodgrove: SamlWorld) -> None:
    """SL-10: a posted answer is judged at once, and shown only in the browser that has the ticket, once."""
    world = woodgrove.world
    it, stranger = partner_it(world.broker), partner_it(world.broker, "proseware")
    entered = it.enter(section="saml", metadata_url=f"{woodgrove.server.address}/metadata", domains="woodgrove.example")
    assert entered.status_code == 303
    before = world.counts(*HERE)
    who = DemoPerson(WANDA.email, WANDA.subject, Browser(clock=world.clock))
    page = who.open(begin(it), stop_at=f"{world.url}/setup/trial")
    assert page.location is not None, page
    path = page.location.removeprefix(world.url)
    assert stranger.ask("GET", path).status_code == 400
    assert it.ask("GET", path).status_code == 303
    assert it.ask("GET", path).status_code == 400
    assert "the answer arrived, signed, fresh and meant for us" in it.page()
    assert WANDA.email not in it.page()
    assert world.counts(*HERE) == before
