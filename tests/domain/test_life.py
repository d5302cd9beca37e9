"""The table of a guest's life: legal moves only, and nobody gets in but who is active."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.errors import Conflict
from broker.domain.gates import decide
from broker.domain.grant_status import Standing, objection
from broker.domain.guest import GuestState, PersonKind
from broker.domain.guest_states import Act, may, move
from broker.domain.login import Grant
from broker.domain.next_step import Step
from tests import factories
from tests.clock import START

LEGAL = {
    (GuestState.INVITED, Act.INVITE): GuestState.INVITED,
    (GuestState.ACTIVE, Act.INVITE): GuestState.ACTIVE,
    (GuestState.EXPIRED, Act.INVITE): GuestState.INVITED,
    (GuestState.INVITED, Act.REDEEM): GuestState.ACTIVE,
    (GuestState.ACTIVE, Act.REDEEM): GuestState.ACTIVE,
    (GuestState.INVITED, Act.BLOCK): GuestState.BLOCKED,
    (GuestState.ACTIVE, Act.BLOCK): GuestState.BLOCKED,
    (GuestState.EXPIRED, Act.BLOCK): GuestState.BLOCKED,
    (GuestState.BLOCKED, Act.UNBLOCK): GuestState.ACTIVE,
    (GuestState.INVITED, Act.RENEW): GuestState.INVITED,
    (GuestState.ACTIVE, Act.RENEW): GuestState.ACTIVE,
    (GuestState.EXPIRED, Act.RENEW): GuestState.ACTIVE,
    (GuestState.INVITED, Act.EXPIRE): GuestState.EXPIRED,
    (GuestState.ACTIVE, Act.EXPIRE): GuestState.EXPIRED,
    (GuestState.INVITED, Act.RESET): GuestState.INVITED,
    (GuestState.ACTIVE, Act.RESET): GuestState.INVITED,
    (GuestState.INVITED, Act.DELETE): GuestState.DELETED,
    (GuestState.ACTIVE, Act.DELETE): GuestState.DELETED,
    (GuestState.BLOCKED, Act.DELETE): GuestState.DELETED,
    (GuestState.EXPIRED, Act.DELETE): GuestState.DELETED,
}


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("state", list(GuestState))
def test_every_pair(state: GuestState, act: Act) -> None:
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
    state, redeemed = GuestState.INVITED, False
    for act in acts:
        before = state
        try:
            state = move(state, act, redeemed=redeemed)
        except Conflict:
            continue
        redeemed = redeemed or act is Act.REDEEM
        assert before is not GuestState.DELETED
        assert before is not GuestState.BLOCKED or act in (Act.UNBLOCK, Act.DELETE)
        assert state is not GuestState.ACTIVE or redeemed
        assert act is not Act.REDEEM or state is GuestState.ACTIVE


@given(
    state=st.sampled_from([state for state in GuestState if state is not GuestState.ACTIVE]),
    expired=st.booleans(),
    assigned=st.booleans(),
    silent=st.booleans(),
    asserted_now=st.booleans(),
    kind=st.sampled_from(list(PersonKind)),
)
def test_only_the_active_get_in(
    state: GuestState, *, expired: bool, assigned: bool, silent: bool, asserted_now: bool, kind: PersonKind
) -> None:
    """SC-06: with everything else in order, each state but active is refused at the gates and at the tokens."""
    facts = factories.facts(
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
