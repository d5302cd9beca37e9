"""One sign-in of the past under the policies of now: the table of changes, and what always holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.assurance import MFA, SFA
from broker.domain.policy import Policy, Rulebook, unmet
from broker.domain.policy_decision import judge
from broker.domain.replay import PastSignIn, ReplayChange, compare
from tests.domain.test_policy import ADA, POLICIES, SIGN_INS, policy

PAST = PastSignIn(receipt="7KQ4-M2XT-9RZB", at=1_800_000_000, person="p", circumstances=ADA, acr=SFA, proof_age=600)
ASKS = {"block": False, "require": frozenset({"mfa"})}


def past(**values: Any) -> PastSignIn:
    """Ada's sign-in, allowed without being asked, but for what is given."""
    return PastSignIn(**{**{name: getattr(PAST, name) for name in PAST.__slots__}, **values})


@pytest.mark.parametrize(
    ("policies", "values", "change", "asked", "named"),
    [
        ([], {}, None, (), ()),
        ([policy()], {}, ReplayChange.NEWLY_BLOCKED, (), ("p",)),
        ([policy(state="report_only")], {}, None, (), ()),
        ([policy(), policy(id="a", **ASKS)], {}, ReplayChange.NEWLY_BLOCKED, (), ("p",)),
        ([policy(state="?")], {}, ReplayChange.NEWLY_BLOCKED, (), ("p",)),
        ([policy()], {"blocked": True}, None, (), ()),
        ([], {"blocked": True, "policies": ("old",)}, ReplayChange.FREED, (), ("old",)),
        ([policy(**ASKS)], {"blocked": True, "policies": ("old",)}, ReplayChange.FREED, (), ("old",)),
        ([policy(**ASKS)], {}, ReplayChange.NEWLY_ASKED, ("mfa",), ("p",)),
        ([policy(**ASKS)], {"acr": MFA}, None, (), ()),
        ([policy(**ASKS)], {"required": frozenset({"mfa"})}, None, (), ()),
        ([], {"required": frozenset({"mfa"}), "policies": ("old",)}, ReplayChange.FREED, ("mfa",), ("old",)),
        ([policy(block=False, require=frozenset({"terms_of_use"}))], {}, ReplayChange.NEWLY_ASKED, ("terms_of_use",), ("p",)),
        ([policy(block=False, require=frozenset({"terms_of_use"}))], {"terms_accepted": True}, None, (), ()),
        ([policy(block=False, sign_in_frequency=601)], {}, None, (), ()),
        ([policy(block=False, sign_in_frequency=600)], {}, ReplayChange.NEWLY_ASKED, ("sign_in",), ("p",)),
        ([policy(block=False, sign_in_frequency=10**9)], {"proof_age": None}, ReplayChange.NEWLY_ASKED, ("sign_in",), ("p",)),
        (
            [policy(id="a", **ASKS), policy(id="b", block=False, sign_in_frequency=60), policy(id="c", block=False, sign_in_frequency=10**6)],
            {"acr": MFA},
            ReplayChange.NEWLY_ASKED,
            ("sign_in",),
            ("b",),
        ),
    ],
)  # fmt: skip
def test_what_changes(
    policies: list[Policy], values: dict[str, Any], change: ReplayChange | None, asked: tuple[str, ...], named: tuple[str, ...]
) -> None:
    """Blocked, asked or freed, by which policy; whoever had the proof already notices nothing."""
    finding = compare(Rulebook.of(policies), past(**values))
    assert (finding.change if finding else None) is change
    if finding is not None:
        assert (finding.asked, finding.policies) == (asked, named)
        assert finding.reasons
        assert all(finding.reasons)


@given(POLICIES, SIGN_INS, st.sampled_from([SFA, MFA]))
def test_the_same_policies_change_nothing(policies: list[Policy], circumstances: Any, acr: str) -> None:
    """A replay by the policies that were in force then finds nothing."""
    book = Rulebook.of([p for p in policies if p.sign_in_frequency is None])
    verdict = judge(book, circumstances)
    sign_in = past(
        circumstances=circumstances, acr=acr, blocked=verdict.refusal is not None, required=verdict.require, policies=("x",)
    )
    assert compare(book, sign_in) is None


@given(POLICIES, SIGN_INS, st.sampled_from([SFA, MFA]), st.none() | st.integers(0, 10_000))
def test_more_policies_free_nobody(policies: list[Policy], circumstances: Any, acr: str, age: int | None) -> None:
    """From no policy at all to any: blocked or asked, never freed; blocked just where the judge says so."""
    book = Rulebook.of(policies)
    verdict = judge(book, circumstances)
    finding = compare(book, past(circumstances=circumstances, acr=acr, proof_age=age))
    if verdict.refusal is not None:
        assert finding is not None
        assert finding.change is ReplayChange.NEWLY_BLOCKED
    elif finding is not None:
        assert finding.change is ReplayChange.NEWLY_ASKED
        assert finding.policies
    else:
        assert unmet(verdict.require, acr=acr) == ()
