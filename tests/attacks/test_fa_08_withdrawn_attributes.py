"""FA-08: what a home organization no longer says was released again, from the profile of the sign-in before."""

from __future__ import annotations

from dataclasses import replace

from tests.journeys.world import ADA, World


def test_fa_08_the_claims_of_the_session_alone(both: World) -> None:
    """A family name that Fabrikam takes back is gone from ID token, userinfo and refresh with the next sign-in."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    tokens = both.sign_in(ada)
    assert both.party.userinfo(tokens)["family_name"] == "Fabrik"
    provider = both.partners["fabrikam"]
    provider.accounts = {name: replace(one, claims={}) for name, one in provider.accounts.items()}
    both.clock.advance(60)
    again = both.sign_in(ada, prompt="login")
    for said in (again.claims, both.party.userinfo(again), both.party.refresh(again.refresh_token or "", again).claims):
        assert "family_name" not in said
    assert "family_name" not in both.sign_in(ada).claims  # single sign-on
