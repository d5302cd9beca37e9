"""The table of a guest's life: legal moves only, and nobody gets in but who is active."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.errors import Conflict
from broker.domain.facts import Facts
from broker.domain.gates import Step, decide
from broker.domain.guest import Kind, State
from broker.domain.life import Act, may, move
from broker.domain.login import Grant
from broker.domain.standing import Standing, objection
from tests import factories
from tests.clock import START

LEGAL = {
    (State.INVITED, Act.INVITE): State.INVITED,
    (State.ACTIVE, Act.INVITE): State.ACTIVE,
    (State.EXPIRED, Act.INVITE): State.INVITED,
    (State.INVITED, Act.REDEEM): State.ACTIVE,
    (State.ACTIVE, Act.REDEEM): State.ACTIVE,
    (State.INVITED, Act.BLOCK): State.BLOCKED,
    (State.ACTIVE, Act.BLOCK): State.BLOCKED,
    (State.EXPIRED, Act.BLOCK): State.BLOCKED,
    (State.BLOCKED, Act.UNBLOCK): State.ACTIVE,
    (State.INVITED, Act.RENEW): State.INVITED,
    (State.ACTIVE, Act.RENEW): State.ACTIVE,
    (State.EXPIRED, Act.RENEW): State.ACTIVE,
    (State.INVITED, Act.EXPIRE): State.EXPIRED,
    (State.ACTIVE, Act.EXPIRE): State.EXPIRED,
    (State.INVITED, Act.RESET): State.INVITED,
    (State.ACTIVE, Act.RESET): State.INVITED,
    (State.INVITED, Act.DELETE): State.DELETED,
    (State.ACTIVE, Act.DELETE): State.DELETED,
    (State.BLOCKED, Act.DELETE): State.DELETED,
    (State.EXPIRED, Act.DELETE): State.DELETED,
}


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("state", list(State))
def test_every_pair(state: State, act: Act) -> None:
    """Every state with every act: where it leads, or a refusal that names the state."""
    wanted = LEGAL.get((state, act))
    assert may(state, act) == (wanted is not None)
    if wanted is None:
        with pytest.raises(Conflict) as refusal:
            move(state, act)
        assert refusal.value.reason == f"guest_{state}"
    else:
        assert move(state, act) is wanted


@given(st.lists(st.sampled_from(list(Act)), max_size=30))
def test_any_life(acts: list[Act]) -> None:
    """Whatever is tried in whatever order: who is deleted stays so, and nobody becomes active who never accepted an invitation."""
    state, redeemed = State.INVITED, False
    for act in acts:
        before = state
        try:
            state = move(state, act, redeemed=redeemed)
        except Conflict:
            continue
        redeemed = redeemed or act is Act.REDEEM
        assert before is not State.DELETED
        assert before is not State.BLOCKED or act in (Act.UNBLOCK, Act.DELETE)
        assert state is not State.ACTIVE or redeemed
        assert act is not Act.REDEEM or state is State.ACTIVE


@given(
    state=st.sampled_from([state for state in State if state is not State.ACTIVE]),
    expired=st.booleans(),
    assigned=st.booleans(),
    silent=st.booleans(),
    asserted_now=st.booleans(),
    kind=st.sampled_from(list(Kind)),
)
def test_only_the_active_get_in(
    state: State, *, expired: bool, assigned: bool, silent: bool, asserted_now: bool, kind: Kind
) -> None:
    """SC-06: with everything else in order, each state but active is refused at the gates and at the tokens."""
    facts = Facts(
        now=START,
        application="payroll",
        partner="fabrikam",
        asserted=True,
        asserted_now=asserted_now,
        auth_time=START,
        person="someone",
        kind=kind,
        state=state,
        expired=expired,
        assigned=assigned,
        silent=silent,
        consented=frozenset({"openid"}),
        scopes=frozenset({"openid"}),
    )
    assert decide(facts).next.step is Step.DENY
    grant: Grant = factories.grant("someone", scopes=("openid",))
    standing = Standing(
        grant=grant,
        kind=kind,
        state=state,
        expires_at=None,
        session_ended=False,
        assigned=assigned,
        consented=frozenset({"openid"}),
    )
    assert objection(standing, assignment_required=False, now=START) == f"guest_{state}"


@given(st.integers(min_value=-100, max_value=100))
def test_an_end_is_over_at_its_instant(distance: int) -> None:
    """HT-12, PO-08: an end is a number of seconds of our own clock: no zone, no calendar; over at its instant."""
    person = factories.person(expires_at=START + distance)
    assert person.is_expired(START) == (distance <= 0)
