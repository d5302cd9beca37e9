"""The first method of a person: added right after a sign-in at home, however that sign-in is done (MF-07)."""

from __future__ import annotations

from typing import Any

import pytest

from broker.demo.person import DemoPerson
from broker.web.cookies import CookiePurpose
from tests.journeys.saml_world import saml_world
from tests.journeys.second_factor import MFA, enrol, essential
from tests.journeys.step_up import ALL_MFA, sent
from tests.journeys.test_session_attacks import plant
from tests.journeys.world import ADA, World

MINUTE = 60
OLD = ("partner_failed", "auth_time_too_old")


def forget(world: World, who: DemoPerson) -> None:
    """Our session in this browser is gone; the home organization's is not."""
    plant(world, who.browser, CookiePurpose.SESSION, "x" * 43)
    world.clock.advance(1)


def asked(world: World) -> list[bool | None]:
    """Each time that the newest login asked the partner: whether for a sign-in from now on."""
    return [step.get("fresh") for step in sent(world)]


@pytest.mark.parametrize(("minutes", "times"), [(10, [None]), (11, [None, True])])
def test_an_old_session_at_home_is_no_fresh_sign_in(both: World, minutes: int, times: list[bool | None]) -> None:
    """MF-07: what a partner remembers does not tell who sits there now; after ten minutes it is asked to ask."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    both.clock.advance(minutes * MINUTE - 1)
    forget(both, ada)
    both.write("policies/mfa.yaml", ALL_MFA)
    url, pending = both.request(login_hint=ADA.email)
    page = ada.open(url, stop_at=both.callback)
    assert page.name == "mfa-enroll"
    assert ("partner-login" in ada.seen) is (len(times) > 1)
    _phone, page = enrol(both, ada, page)
    assert both.party.complete(page.query, pending).claims["acr"] == MFA
    assert asked(both) == times


def always_the_same(_request: Any, session: Any) -> bool:
    """A partner that takes no notice of prompt=login, max_age and ForceAuthn."""
    return session is None


def test_a_partner_that_shows_the_old_sign_in_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """MF-07, HP-17: asked once; an old answer adds nothing, and the receipt says what is wrong."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.clock.advance(20 * MINUTE)
    world.write("policies/mfa.yaml", ALL_MFA)
    monkeypatch.setattr(world.partners["fabrikam"], "must_ask", always_the_same)
    page = world.arrive(ada)
    assert (page.error, world.receipt(page)["reason"]) == OLD
    assert asked(world) == [True]
    assert world.arrive(ada, prompt="none").query["error"] == "interaction_required"
    page = ada.open(f"{world.url}/account/methods")
    assert (page.error, world.receipt(page)["reason"]) == OLD


def test_a_partner_that_never_says_when(world: World) -> None:
    """One without auth_time is asked for a fresh sign-in once, and then believed: or nobody there could add a method."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    forget(world, ada)
    world.partners["fabrikam"].fault = "no_auth_time"
    world.write("policies/mfa.yaml", ALL_MFA)
    url, pending = world.request(login_hint=ADA.email)
    page = ada.open(url, stop_at=world.callback)
    assert ada.seen == ["partner-login", "mfa-enroll"]
    world.partners["fabrikam"].fault = "none"
    _phone, page = enrol(world, ada, page)
    assert world.party.complete(page.query, pending).claims["acr"] == MFA
    assert asked(world) == [None, True]


def test_back_at_the_partner_is_no_answer(world: World) -> None:
    """MF-07: whoever comes back without having signed in anew is sent there again, also where nobody ever says when."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    forget(world, ada)
    world.partners["fabrikam"].fault = "no_auth_time"
    world.write("policies/mfa.yaml", ALL_MFA)
    ada.halt_at = ("partner-login",)
    assert world.arrive(ada, login_hint=ADA.email).name == "partner-login"
    dispatcher = next(hop.url for hop in reversed(ada.browser.hops) if hop.url.startswith(f"{world.url}/signin/"))
    for _ in range(3):
        assert ada.browser.get(dispatcher).name == "partner-login"


def test_over_saml(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """HS-30: ForceAuthn is asked for, and AuthnInstant must show that it was honoured."""
    with saml_world(world) as woodgrove:
        woodgrove.file()
        wanda = woodgrove.visitor()
        woodgrove.redeem(wanda)
        world.clock.advance(20 * MINUTE)
        assert world.arrive(wanda, **essential()).name == "mfa-enroll"
        assert woodgrove.idp.seen[-1].force
        world.clock.advance(20 * MINUTE)
        monkeypatch.setattr(woodgrove.idp, "must_ask", always_the_same)
        page = world.arrive(wanda, **essential())
        assert woodgrove.idp.seen[-1].force
        assert (page.error, world.receipt(page)["reason"]) == OLD


def by_code(world: World) -> DemoPerson:
    """Gwen, who has no home organization, twenty minutes after her code."""
    gwen = world.mailbox("gwen@mailbox.example")
    world.redeem(gwen, world.invite("gwen@mailbox.example"))
    world.clock.advance(20 * MINUTE)
    return gwen


def test_without_a_home_organization(both: World) -> None:
    """MF-07: a fresh code to the mailbox is the fresh sign-in of whoever has no other."""
    gwen = by_code(both)
    url, pending = both.request(**essential())
    page = gwen.open(url, stop_at=both.callback)
    assert gwen.seen == ["email-code", "mfa-enroll"]
    _phone, page = enrol(both, gwen, page)
    assert both.party.complete(page.query, pending).claims["acr"] == MFA
    both.clock.advance(30)


def test_from_the_panel_without_a_home_organization(world: World) -> None:
    """The same from a page of ours."""
    gwen = by_code(world)
    page = gwen.browser.submit(gwen.open(f"{world.url}/account/methods"), press="totp")
    page = gwen.walk(page)
    assert (gwen.seen, page.name) == (["email-code", "mfa-enroll"], "mfa-enroll")
