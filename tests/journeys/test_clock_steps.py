"""The machine's clock steps by an hour, in either direction: sessions, tokens and the audit go on, and nothing spent is fresh again."""

from __future__ import annotations

import pytest

from broker.demo.relying import SignInFailed
from broker.domain.times import DAY, HOUR
from tests.journeys.world import ADA, World


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_the_clock_steps_by_an_hour(world: World, step: int) -> None:
    """There and back: each time the session answers, tokens refresh, a new browser signs in, and a spent code and ticket stay spent."""
    world.clock.advance(DAY)  # the keys are older than the step
    ada = world.visitor(ADA)
    invited = world.invite()
    world.redeem(ada, invited)
    url, pending = world.party.begin()
    answer = ada.open(url, stop_at=world.callback).query
    tokens = world.party.complete(answer, pending)
    for moved in (step, -step):
        world.clock.advance(moved)
        world.party.userinfo(world.sign_in(world.visitor(ADA)))
        assert world.redeem(world.visitor(ADA), invited).error == "invitation_used"
        world.broker.operations.housekeeping.run()
        assert world.broker.history.audit_chain.verify().problem is None
        tokens = world.party.refresh(tokens.refresh_token or "", tokens)
        assert world.sign_in(ada).claims["sub"] == tokens.claims["sub"]
    with pytest.raises(SignInFailed, match="invalid_grant"):
        world.party.complete(answer, pending)
