"""FA-26: right after the redemption the rules of the same login counted as overtaken: `not_assigned` at the first visit."""

from __future__ import annotations

from dataclasses import replace

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.demo.relying import RelyingParty
from tests.journeys.world import ACTOR, ADA, World, partner_file


def finance(world: World) -> None:
    """The group Finance follows Fabrikam's word alone, and only it may use Travel."""
    fabrikam = world.partners["fabrikam"]
    more = "claims: {groups: memberOf}\n"
    world.write("partners/fabrikam.yaml", partner_file("Fabrikam", "fabrikam.example", fabrikam.issuer, more=more))
    travel = (world.home / "config/applications/travel.yaml").read_text("utf-8")
    world.write("applications/travel.yaml", travel + "assignment_required: true\n")
    world.broker.access.groups.create(ACTOR, "Finance", rule='partner = "fabrikam" and groups contains "finance"')
    world.broker.access.assignments.assign(ACTOR, "travel", "Finance")
    fabrikam.accounts["ada"] = replace(ADA, claims={"groups": ["finance"]})


def at_the_partner(world: World, party: RelyingParty) -> tuple[DemoPerson, BrowserPage]:
    """A browser that stands at Fabrikam's own sign-in page, on its way to an application."""
    ada = world.visitor(ADA)
    ada.halt_at = ("partner-login",)
    page = world.arrive(ada, party, login_hint=ADA.email)
    assert page.name == "partner-login", page
    ada.halt_at = ()
    return ada, page


def test_fa_26_a_rule_gives_at_the_first_visit(both: World) -> None:
    """A guest of a dynamic group opens the application that only the group may use, with the login that redeems."""
    finance(both)
    both.invite(application=None)
    ada = both.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    page = both.arrive(ada, both.travel, login_hint=ADA.email)
    assert page.name == "review-permissions"
    both.clock.advance(5)  # the redemption is later than the beginning of its login
    page = ada.browser.proceed(page, stop_at=both.callback)
    assert "code" in page.query, page


def test_fa_26_a_visit_by_a_session_says_nothing(both: World) -> None:
    """A visit by a running session brings no answer of the home organization: it overtakes none."""
    elsewhere = both.visitor(ADA)
    both.redeem(elsewhere)
    both.sign_in(elsewhere)
    finance(both)
    both.clock.advance(60)
    ada, page = at_the_partner(both, both.travel)
    both.clock.advance(5)
    both.sign_in(elsewhere)
    both.clock.advance(5)
    page = ada.walk(page, stop_at=both.callback)
    assert "code" in page.query, page


def test_fa_26_a_renewal_is_no_visit(both: World) -> None:
    """A guest whose access ended asks for it in the middle of a login: the rules of that very login give what they give."""
    both.redeem(both.visitor(ADA))
    finance(both)
    both.broker.guests.lifecycle.expire(ACTOR, ADA.email)
    both.clock.advance(60)
    ada, page = at_the_partner(both, both.travel)
    both.clock.advance(5)
    both.broker.guests.lifecycle.renew(ACTOR, ADA.email, until=both.clock() + 9_999_999)
    both.clock.advance(5)
    page = ada.walk(page, stop_at=both.callback)
    assert "code" in page.query, page


def test_fa_26_an_older_answer_gives_nothing_back(both: World) -> None:
    """Fabrikam takes the group away: an answer of before, kept in another browser, gives it to nobody, signed out or not."""
    both.redeem(both.visitor(ADA))
    finance(both)
    both.clock.advance(60)
    ada, page = at_the_partner(both, both.travel)
    held = ada.walk(page, stop_at=f"{both.url}/oidc/fabrikam/callback")
    both.partners["fabrikam"].accounts["ada"] = ADA
    both.clock.advance(5)
    elsewhere = both.visitor(ADA)
    both.sign_in(elsewhere)
    both.broker.guests.lifecycle.sign_out(ACTOR, ADA.email)
    both.clock.advance(5)
    page = ada.browser.get(held.location or "", stop_at=both.callback)
    assert page.error == "not_assigned", page
