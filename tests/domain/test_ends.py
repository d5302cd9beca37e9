"""When access ends and what is due: pure arithmetic of seconds, the same at every change of the clocks (PO-08)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.expiry_rules import (
    NOTICES,
    ORPHAN_GRACE,
    Cause,
    ExpiryPlan,
    ExpiryStep,
    Rules,
    end_of,
    plan,
    renewed_until,
)
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.times import DAY
from tests import factories
from tests.clock import START

YEAR = Rules(lifetime=365 * DAY)


def guest(**values: object) -> Person:
    """A guest who accepted the invitation at START, for a year."""
    return factories.person(**{"redeemed_at": START, "last_sign_in": START, "expires_at": START + 365 * DAY} | values)


def at(day: int) -> int:
    """That many days after START."""
    return START + day * DAY


@pytest.mark.parametrize(
    ("day", "notices", "wanted"),
    [
        (0, 0, ExpiryPlan(step=None, due_at=at(351), notices=0)),
        (350, 0, ExpiryPlan(step=None, due_at=at(351), notices=0)),
        (351, 0, ExpiryPlan(step=ExpiryStep.NOTICE, due_at=at(362), notices=1)),
        (355, 1, ExpiryPlan(step=None, due_at=at(362), notices=1)),
        (362, 1, ExpiryPlan(step=ExpiryStep.NOTICE, due_at=at(365), notices=2)),
        (
            363,
            0,
            ExpiryPlan(step=ExpiryStep.NOTICE, due_at=at(365), notices=2),
        ),  # a broker that stood still sends one mail, not two
        (364, 2, ExpiryPlan(step=None, due_at=at(365), notices=2)),
        (365, 2, ExpiryPlan(step=ExpiryStep.EXPIRE, due_at=at(365))),
        (10, 2, ExpiryPlan(step=None, due_at=at(351), notices=0)),  # renewed: the notices begin anew
    ],
)
def test_a_year(day: int, notices: int, wanted: ExpiryPlan) -> None:
    """14 and 3 days before the end somebody is told; at its instant it is over (HT-12)."""
    found = plan(guest(notices=notices), YEAR, at(day))
    assert (found.step, found.due_at, found.notices) == (wanted.step, wanted.due_at, wanted.notices)


@pytest.mark.parametrize(("days", "dues"), [(2, [2]), (6, [3, 6]), (27, [24, 27]), (28, [14, 25, 28])])
def test_short_accesses(days: int, dues: list[int]) -> None:
    """Nobody is asked to renew what has just begun: a notice goes out only before the last half of an access."""
    person, found, now = guest(expires_at=at(days)), [], START
    while now < at(days):
        person = replace(person, notices=plan(person, YEAR, now).notices)
        now = plan(person, YEAR, now).due_at or 0
        found.append((now - START) // DAY)
    assert found == dues


def test_causes() -> None:
    """The first end counts: the set one, the last visit, the lost sponsor; the rules that are off count nothing."""
    person = guest(orphaned_at=at(100))
    assert end_of(person, Rules()) == (at(365), Cause.TIME)
    assert end_of(person, Rules(inactive=90 * DAY)) == (at(90), Cause.INACTIVE)
    assert end_of(person, Rules(sponsor_required=True)) == (at(100) + ORPHAN_GRACE, Cause.NO_SPONSOR)
    assert end_of(guest(expires_at=None), Rules(lifetime=DAY)) is None
    assert end_of(guest(last_sign_in=at(50)), Rules(inactive=90 * DAY)) == (at(140), Cause.INACTIVE)
    assert end_of(guest(state=GuestState.INVITED, redeemed_at=None), Rules(inactive=DAY)) == (at(365), Cause.TIME)


def test_who_is_never_due() -> None:
    """Members have no end; who is blocked is staff's matter; who is deleted is nobody's."""
    rules = Rules(lifetime=DAY, inactive=DAY, sponsor_required=True)
    for person in (guest(kind=PersonKind.MEMBER), guest(state=GuestState.BLOCKED), guest(state=GuestState.DELETED)):
        assert plan(person, rules, at(5000)) == ExpiryPlan(step=None, due_at=None)


def test_after_the_end() -> None:
    """For 30 days it can be restored, then the data goes."""
    over = guest(state=GuestState.EXPIRED)
    assert plan(over, YEAR, at(394)) == ExpiryPlan(step=None, due_at=at(395))
    assert plan(over, YEAR, at(395)) == ExpiryPlan(step=ExpiryStep.FORGET, due_at=at(395))
    assert plan(over, replace(YEAR, restore=DAY), at(366)).step is ExpiryStep.FORGET


def test_the_invited_are_not_told() -> None:
    """An invitation with an end: nobody is there yet to be told, but the end holds."""
    person = guest(state=GuestState.INVITED, redeemed_at=None, last_sign_in=None, created_at=START)
    assert plan(person, YEAR, at(360)) == ExpiryPlan(step=None, due_at=at(365), end=at(365))
    assert plan(person, YEAR, at(365)).step is ExpiryStep.EXPIRE


def test_what_a_renewal_offers() -> None:
    """The same length again, from the end on: what the files say, else what the guest had."""
    assert renewed_until(guest(), YEAR) == at(730)
    assert renewed_until(guest(expires_at=at(90)), Rules()) == at(180)
    assert renewed_until(guest(expires_at=None), YEAR) is None


@pytest.mark.parametrize("day", ["2028-02-28", "2028-02-29", "2027-03-28", "2027-10-31", "2027-12-31"])
def test_leap_days_and_changes_of_the_clocks(day: str) -> None:
    """PO-08: a day is 86400 seconds of UTC, on the 29th of February and when the clocks of Amsterdam change."""
    end = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    person = guest(redeemed_at=end - 365 * DAY, expires_at=end, notices=2)
    assert plan(person, YEAR, end - 1).step is None
    assert plan(person, YEAR, end).step is ExpiryStep.EXPIRE
    assert plan(replace(person, notices=0), YEAR, end - NOTICES[0]).step is ExpiryStep.NOTICE
    assert plan(replace(person, notices=0), YEAR, end - NOTICES[0] - 1).step is None


@given(
    state=st.sampled_from(list(GuestState)),
    end=st.none() | st.integers(-40, 400),
    notices=st.integers(0, 2),
    orphaned=st.none() | st.integers(-60, 0),
    inactive=st.none() | st.integers(1, 200),
    sponsor_required=st.booleans(),
    day=st.integers(0, 400),
)
def test_a_plan_always_moves_on(
    state: GuestState,
    end: int | None,
    notices: int,
    orphaned: int | None,
    inactive: int | None,
    *,
    sponsor_required: bool,
    day: int,
) -> None:
    """Nobody is due twice for the same: after a notice the next look lies ahead; without a step it always does."""
    rules = Rules(inactive=inactive * DAY if inactive else None, sponsor_required=sponsor_required)
    person = guest(
        state=state,
        expires_at=at(end) if end is not None else None,
        notices=notices,
        orphaned_at=at(orphaned) if orphaned is not None else None,
    )
    found = plan(person, rules, at(day))
    if found.step in (None, ExpiryStep.NOTICE):
        assert found.due_at is None or found.due_at > at(day)
        again = plan(replace(person, notices=found.notices), rules, at(day))
        assert (again.step, again.due_at) == (None, found.due_at)
    elif found.step is ExpiryStep.EXPIRE:
        assert state in (GuestState.ACTIVE, GuestState.INVITED)
        assert found.end is not None
        assert found.end <= at(day)
