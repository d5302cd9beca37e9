"""FA-26: right after the redemption the rules of the same login counted as overtaken: `not_assigned` at the first visit."""

from __future__ import annotations

from dataclasses import replace

from tests.journeys.world import ACTOR, ADA, World, partner_file


def test_fa_26_a_rule_gives_at_the_first_visit(both: World) -> None:
    """A guest of a dynamic group opens the application that only the group may use, with the login that redeems."""
    fabrikam = both.partners["fabrikam"]
    more = "claims: {groups: memberOf}\n"
    both.write("partners/fabrikam.yaml", partner_file("Fabrikam", "fabrikam.example", fabrikam.issuer, more=more))
    travel = (both.home / "config/applications/travel.yaml").read_text("utf-8")
    both.write("applications/travel.yaml", travel + "assignment_required: true\n")
    both.broker.groups.create(ACTOR, "Finance", rule='partner = "fabrikam" and groups contains "finance"')
    both.broker.assignments.assign(ACTOR, "travel", "Finance")
    fabrikam.accounts["ada"] = replace(ADA, claims={"groups": ["finance"]})
    both.invite(application=None)
    ada = both.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    page = both.arrive(ada, both.travel, login_hint=ADA.email)
    assert page.name == "review-permissions"
    both.clock.advance(5)  # the redemption is later than the beginning of its login
    page = ada.browser.proceed(page, stop_at=both.callback)
    assert "code" in page.query, page
