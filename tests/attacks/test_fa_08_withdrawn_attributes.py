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


def test_fa_08_a_name_that_is_withdrawn(both: World) -> None:
    """A name that Fabrikam said and no longer says is in no token and not in the directory."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    assert both.sign_in(ada).claims["name"] == ADA.name
    both.partners["fabrikam"].accounts["ada"] = replace(ADA, name="", claims={})
    both.clock.advance(60)
    again = both.sign_in(ada, prompt="login")
    for said in (again.claims, both.party.userinfo(again)):
        assert "name" not in said
    assert both.broker.guests.directory.show(ADA.email).person.name == ""


def test_fa_08_a_new_name_at_once(both: World) -> None:
    """The name of this sign-in is released, not that of the one before."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    both.partners["fabrikam"].accounts["ada"] = replace(ADA, name="Ada Lovelace")
    both.clock.advance(60)
    assert both.sign_in(ada, prompt="login").claims["name"] == "Ada Lovelace"


def test_fa_08_a_name_of_the_invitation_stays(both: World) -> None:
    """A name that staff wrote is theirs: it is the guest's while the home organization says none."""
    both.partners["fabrikam"].accounts["ada"] = replace(ADA, name="", claims={})
    ada = both.visitor(ADA)
    both.redeem(ada, both.invite(name="Ada of Fabrikam"))
    for _ in range(2):
        both.clock.advance(60)
        assert both.sign_in(ada, prompt="login").claims["name"] == "Ada of Fabrikam"
