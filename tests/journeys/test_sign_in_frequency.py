"""Policies that ask for a fresh proof."""

from __future__ import annotations

from tests.journeys.test_policies import BLOCK, HOUR, OFTEN, receipts, refused
from tests.journeys.world import ADA, World


def asked_for(world: World) -> list[int | None]:
    """How young a proof the partner was asked for, each time it was asked in the newest login; None: no matter how old."""
    sent = [step for step in receipts(world)[0]["steps"] if (step["step"], step["result"]) == ("upstream", "sent")]
    return [step.get("fresh_within") for step in sent]


def test_a_proof_grows_old(both: World) -> None:
    """PO-08, HP-17: by our clock; within the time nobody is asked, at its end the partner is, once, and answers freshly."""
    both.write("policies/often.yaml", OFTEN)
    ada = both.visitor(ADA)
    both.redeem(ada)
    first = both.sign_in(ada).claims["auth_time"]
    while both.clock() < first + 4 * HOUR - 1800:  # a session lives by being used; the proof does not
        both.clock.advance(1800)
        assert both.sign_in(ada).claims["auth_time"] == first
    both.clock.now = first + 4 * HOUR - 1
    assert both.sign_in(ada).claims["auth_time"] == first
    assert ada.seen == []
    both.clock.advance(1)
    both.sign_in(ada)
    assert asked_for(both) == [4 * HOUR]
    both.clock.advance(1)
    assert both.sign_in(ada).claims["auth_time"] > first
    assert ada.seen == ["partner-login"]


def test_a_partner_whose_own_session_is_old(world: World) -> None:
    """A new browser session of ours over an old one there: the second request asks for a fresh proof, and gets it."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    first = world.sign_in(ada).claims["auth_time"]
    world.write("policies/often.yaml", OFTEN)
    world.clock.advance(5 * HOUR)  # our session idled away, theirs did not
    assert world.sign_in(ada).claims["auth_time"] > first + 4 * HOUR
    assert asked_for(world) == [None, 4 * HOUR]


def test_nobody_is_asked_twice(world: World) -> None:
    """HP-17: a partner that does not say when the proof was given has been asked once for it; then the policy says no."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/often.yaml", OFTEN)
    world.partners["fabrikam"].fault = "no_auth_time"
    world.clock.advance(1)
    assert refused(world, world.arrive(world.visitor(ADA))) == ("policy_blocked", "auth_time_missing")
    assert asked_for(world) == [None, 4 * HOUR]


def test_prompt_none_and_an_old_proof(world: World) -> None:
    """AZ-11: silence never becomes a page; the application is told to ask."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/often.yaml", OFTEN.replace("4h", "5m"))
    world.clock.advance(600)
    assert world.arrive(ada, prompt="none").query["error"] == "login_required"
    world.write("policies/often.yaml", BLOCK)
    assert world.arrive(ada, prompt="none").query["error"] == "access_denied"
