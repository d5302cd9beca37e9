"""After the acceptance the link stays as a health page that both sides see, as long as the administrator says."""

from __future__ import annotations

import pytest

from broker.domain.errors import Invalid
from broker.domain.setup_link import HEALTH_PAGE, SetupDecision
from broker.domain.times import DAY
from broker.services.doctor.rollover import Rollover
from broker.services.partner_setup.shared_health import SharedHealth
from broker.web import csrf
from broker.web.setup.page import SCOPE
from tests.journeys.partner_setup import PartnerIt, partner_it
from tests.journeys.test_partner_setup import metadata
from tests.journeys.test_partner_trial import over_oidc
from tests.journeys.world import ACTOR, ADA, World
from tests.web.markup import read

HEADING = "How it does now"


def accept(it: PartnerIt, days: int = 0, decision: SetupDecision = SetupDecision.ACCEPTED) -> None:
    """The partner hands over, the administrator decides."""
    assert it.finish().status_code == 303
    link = it.broker.partner_setup.links.show(ACTOR, it.made.link.id).link
    it.broker.partner_setup.proposals.decide(ACTOR, link.id, decision, link.answered_at or 0, days=days)


def health(it: PartnerIt) -> SharedHealth | None:
    """As both pages read it."""
    return it.broker.partner_setup.shared_health.of(it.broker.partner_setup.links.look(it.ticket))


def test_both_sides_see_how_the_partner_does(world: World) -> None:
    """SL-13: last sign-in, clock, and the last failure that the partner can mend; no person, file, reference or other partner."""
    it, ada = over_oidc(world), world.visitor(ADA)
    world.redeem(ada)
    world.partners["fabrikam"].fault = "skewed_clock"
    refused = world.arrive(world.visitor(ADA), prompt="login")
    assert refused.error == "partner_untrusted", refused
    assert HEADING not in it.page()
    accept(it)
    page, found = it.page(), health(it)
    assert HEADING in page
    assert "the last failure that you can mend: idtoken_time" in page
    assert found is not None
    assert found.last_sign_in is not None
    assert [one.what for one in found.rehearsal] == [Rollover.THEIR_NEXT_FETCHED, Rollover.OUR_KEYS_UNUSED]
    assert "A new key of the partner: it is accepted from the first sign-in on" in page
    assert "clock_in_tokens" in {one.check for one in found.findings}
    for text in (ADA.email, refused.request_id, "northwind", "config/", "node"):
        assert text not in str(found.findings), text


def test_the_administrator_says_how_long_it_stays(world: World) -> None:
    """SL-13: longer than the link by a choice, at most a year, and withdrawn at any time."""
    it, short = over_oidc(world), partner_it(world.broker, "proseware")
    accept(it, days=HEALTH_PAGE)
    assert short.enter(section="saml", metadata=metadata(), domains="").status_code == 303
    with pytest.raises(Invalid):
        accept(short, days=HEALTH_PAGE + 1)
    world.clock.advance(60 * DAY)
    assert (it.ask("GET", "/setup").status_code, short.ask("GET", "/setup").status_code) == (200, 400)
    assert it.enter(section="saml", metadata=metadata()).status_code == 400  # it is a page to read: what was accepted stays
    world.broker.partner_setup.links.revoke(ACTOR, it.made.link.id, "the partner leaves")
    assert it.ask("GET", "/setup").status_code == 400


def test_nothing_is_shared_of_another_organization(world: World) -> None:
    """SL-13: a rejected answer, and a file of the same name that names somebody else, share nothing."""
    rejected = over_oidc(world)
    accept(rejected, decision=SetupDecision.REJECTED)
    assert health(rejected) is None
    other = partner_it(world.broker, "fabrikam")
    assert other.enter(section="saml", metadata=metadata(), domains="fabrikam.example").status_code == 303
    accept(other)
    assert health(other) is None
    assert HEADING not in other.page()
    absent = partner_it(world.broker, "proseware")
    assert absent.enter(section="saml", metadata=metadata(), domains="").status_code == 303
    accept(absent)
    assert health(absent) is None


def test_the_page_calls_nobody_after_the_decision(world: World) -> None:
    """SL-15: a link that stays for a year is no way to have the broker call addresses: refused before anybody is called."""
    it = over_oidc(world)
    accept(it, days=HEALTH_PAGE)
    token = {csrf.FIELD: csrf.token(it.ticket, SCOPE)}
    answers = [
        it.enter(section="oidc", issuer="http://127.0.0.1:1", client_id="contoso"),
        it.ask("POST", "/setup/trial", data=token),
    ]
    assert [one.status_code for one in answers] == [400, 400]
    for one in answers:  # the page of every link that opens nothing, not what came of a call
        assert read(one.text).one("main")["data-error"] == "bad_request"
