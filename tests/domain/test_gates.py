"""The gates as tables, and what must hold for any facts at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain import assurance
from broker.domain.assurance_rules import required_rank
from broker.domain.facts import Facts
from broker.domain.gates import GATES, decide, is_young
from broker.domain.guest import GuestState, PersonKind
from broker.domain.next_step import Step
from broker.domain.policy import unmet
from tests import factories

NOW = 1_800_000_000
OK = factories.facts(
    now=NOW, application="payroll", started_at=NOW - 5, partner="fabrikam", asserted=True, auth_time=NOW - 100, person="p",
    consented=frozenset({"openid"}), scopes=frozenset({"openid"}),
)  # fmt: skip
MFA = ("https://refeds.org/profile/mfa",)
PHR = frozenset({"phishing_resistant_mfa"})
NEEDS, LIKES = "more proof is needed than was given", "the application would like more proof"
ANEW = {"asserted_now": True, "fresh_answered": True}
FRESH_HOME, FRESH_PROOF = "a method is added only after a fresh sign-in", "a method is added only after a fresh proof"


@pytest.mark.parametrize(
    ("change", "step", "reason"),
    [
        ({}, Step.ISSUE, ""),
        ({"asserted": False, "partner": None}, Step.HOME, "nobody is signed in in this browser"),
        ({"asserted": False}, Step.UPSTREAM, "the home organization has not vouched yet"),
        ({"asserted": False, "by_mail": True}, Step.CODE, "the home organization has not vouched yet"),
        ({"by_mail": True, "force": True}, Step.CODE, "prompt=login asks for a fresh sign-in"),
        ({"by_mail": True, "max_age": 60}, Step.CODE, "the last sign-in is older than max_age allows"),
        ({"person": None, "mailbox": "invited", "invitation": "i"}, Step.CODE, "the invited mailbox is not proven yet"),
        ({"person": None, "mailbox": "recorded"}, Step.CODE, "the recorded mailbox is not proven yet"),
        ({"choose": True}, Step.HOME, "prompt=select_account asks which account to use"),
        ({"force": True}, Step.UPSTREAM, "prompt=login asks for a fresh sign-in"),
        ({"max_age": 60}, Step.UPSTREAM, "the last sign-in is older than max_age allows"),
        ({"max_age": 100}, Step.ISSUE, ""),
        ({"max_age": 100, "auth_time": None}, Step.UPSTREAM, "the last sign-in is older than max_age allows"),
        ({"force": True, "asserted_now": True, "auth_time": NOW - 5}, Step.ISSUE, ""),
        ({"force": True, "asserted_now": True, "auth_time": NOW - 12}, Step.ISSUE, ""),
        (
            {"force": True, "asserted_now": True, "auth_time": NOW - 12, "session_auth_time": NOW - 12},
            Step.DENY,
            "auth_time_too_old",
        ),
        ({"force": True, "asserted_now": True, "auth_time": NOW - 16}, Step.DENY, "auth_time_too_old"),
        ({"force": True, "asserted_now": True, "auth_time": None}, Step.DENY, "auth_time_missing"),
        ({"max_age": 0, "asserted_now": True, "auth_time": NOW - 100}, Step.DENY, "auth_time_too_old"),
        ({"partner_live": False}, Step.DENY, "partner_removed"),
        ({"subject_differs": True}, Step.DENY, "subject_differs"),
        ({"person": None}, Step.DENY, "not_invited"),
        ({"person": None, "invitation": "i"}, Step.REDEEM, "an invitation waits to be accepted"),
        ({"invitation_refusal": "invitation_used", "invitation_reason": "invitation_used"}, Step.DENY, "invitation_used"),
        ({"state": GuestState.BLOCKED}, Step.DENY, "guest_blocked"),
        ({"state": GuestState.INVITED}, Step.DENY, "guest_invited"),
        ({"state": GuestState.DELETED}, Step.DENY, "guest_deleted"),
        ({"expired": True}, Step.DENY, "guest_expired"),
        ({"assignment_required": True}, Step.DENY, "not_assigned"),
        ({"assignment_required": True, "assigned": True}, Step.ISSUE, ""),
        ({"assignment_required": True, "kind": PersonKind.MEMBER}, Step.ISSUE, ""),
        ({"policy_refusal": "policy_blocked"}, Step.DENY, "policy_blocked"),
        ({"policy_refusal": "policy_error", "kind": PersonKind.MEMBER, "application": None}, Step.DENY, "policy_error"),
        ({"required": frozenset({"mfa"}), "acr": MFA[0]}, Step.ISSUE, ""),
        ({"required": frozenset({"retina"}), "acr": "phr"}, Step.DENY, "retina_missing"),
        ({"frequency": 101}, Step.ISSUE, ""),
        ({"frequency": 100}, Step.UPSTREAM, "the last sign-in is older than a policy allows"),
        ({"frequency": 100, "auth_time": None}, Step.UPSTREAM, "the last sign-in is older than a policy allows"),
        ({"frequency": 94, "asserted_now": True}, Step.UPSTREAM, "the last sign-in is older than a policy allows"),
        ({"frequency": 95, "asserted_now": True}, Step.ISSUE, ""),
        ({"frequency": 85, "asserted_now": True, "freshness_asked": True}, Step.ISSUE, ""),
        ({"frequency": 84, "asserted_now": True, "freshness_asked": True}, Step.DENY, "auth_time_too_old"),
        ({"frequency": 9, "asserted_now": True, "freshness_asked": True, "auth_time": None}, Step.DENY, "auth_time_missing"),
        ({"consented": None}, Step.CONSENT, "no consent for this application yet"),
        ({"consented": None, "kind": PersonKind.MEMBER}, Step.ISSUE, ""),
        ({"scopes": frozenset({"openid", "email"})}, Step.CONSENT, "the application asks for more than was agreed to"),
        ({"ask_consent": True, "kind": PersonKind.MEMBER}, Step.CONSENT, "prompt=consent asks again"),
        ({"ask_consent": True, "consented_now": True}, Step.ISSUE, ""),
        ({"application": None, "consented": None}, Step.ISSUE, ""),
        ({"acr_values": MFA}, Step.ISSUE, ""),
        ({"acr_values": MFA, "factors": frozenset({"totp"})}, Step.CHALLENGE, LIKES),
        ({"acr_values": MFA, "may_step_up": True}, Step.UPSTREAM, LIKES),
        ({"acr_values": ("phr",), "factors": frozenset({"totp", "key"}), "acr": MFA[0]}, Step.ISSUE, ""),
        ({"acr_values": ("phr",), "factors": frozenset({"passkey"}), "acr": MFA[0]}, Step.CHALLENGE, LIKES),
        ({"acr_values": MFA, "acr_essential": True}, Step.ENROLL, NEEDS),
        ({"acr_values": MFA, "acr_essential": True, "auth_time": NOW - 601}, Step.UPSTREAM, FRESH_HOME),
        ({"acr_values": MFA, "acr_essential": True, "auth_time": None, "asserted_now": True}, Step.UPSTREAM, FRESH_HOME),
        ({"acr_values": MFA, "acr_essential": True, "auth_time": None, **ANEW}, Step.ENROLL, NEEDS),
        ({"acr_values": MFA, "acr_essential": True, "auth_time": NOW - 600, **ANEW}, Step.ENROLL, NEEDS),
        ({"acr_values": MFA, "acr_essential": True, "auth_time": NOW - 601, **ANEW}, Step.DENY, "auth_time_too_old"),
        ({"acr_values": MFA, "acr_essential": True, "auth_time": NOW - 601, "fresh_answered": True}, Step.UPSTREAM, FRESH_HOME),
        ({"acr_values": MFA, "acr_essential": True, "auth_time": NOW - 601, "asserted_now": True}, Step.UPSTREAM, FRESH_HOME),
        ({"acr_values": MFA, "acr_essential": True, "auth_time": NOW - 601, "by_mail": True}, Step.CODE, FRESH_HOME),
        ({"acr_values": MFA, "acr_essential": True, "may_step_up": True}, Step.UPSTREAM, NEEDS),
        ({"acr_values": MFA, "acr_essential": True, "factors": frozenset({"key"})}, Step.CHALLENGE, NEEDS),
        ({"required": frozenset({"mfa"})}, Step.ENROLL, NEEDS),
        ({"required": frozenset({"mfa"}), "acr_values": ("phr",), "acr_essential": True, "acr": MFA[0]}, Step.ENROLL, NEEDS),
        ({"required": PHR, "acr": MFA[0], "factors": frozenset({"totp"})}, Step.CHALLENGE, FRESH_PROOF),
        ({"required": PHR, "acr": MFA[0], "factors": frozenset({"totp"}), "proven_at": NOW - 600}, Step.ENROLL, NEEDS),
        ({"required": PHR, "acr": MFA[0], "factors": frozenset({"totp"}), "proven_at": NOW - 601}, Step.CHALLENGE, FRESH_PROOF),
        ({"required": PHR, "acr": MFA[0], "factors": frozenset({"passkey"}), "proven_at": NOW}, Step.CHALLENGE, NEEDS),
        ({"required": PHR, "acr": MFA[0], "may_step_up": True}, Step.ENROLL, NEEDS),
        ({"required": PHR, "acr": "phr"}, Step.ISSUE, ""),
        ({"own_page_intent": "prove"}, Step.ISSUE, ""),
        ({"own_page_intent": "prove", "factors": frozenset({"totp"})}, Step.CHALLENGE, FRESH_PROOF),
        ({"own_page_intent": "prove", "auth_time": NOW - 1000}, Step.UPSTREAM, FRESH_HOME),
        ({"own_page_intent": "totp"}, Step.ENROLL, "a method is to be added"),
        ({"own_page_intent": "totp", "method_added": True}, Step.ISSUE, ""),
        ({"terms": "2"}, Step.TERMS, "the terms of use 2 are not accepted yet"),
        ({"terms": "2", "terms_accepted": True}, Step.ISSUE, ""),
        ({"terms": "2", "kind": PersonKind.MEMBER}, Step.ISSUE, ""),
        (
            {"terms": "2", "kind": PersonKind.MEMBER, "required": frozenset({"terms_of_use"})},
            Step.TERMS,
            "the terms of use 2 are not accepted yet",
        ),
        ({"required": frozenset({"terms_of_use"})}, Step.DENY, "terms_of_use_missing"),
        ({"acr_values": MFA, "acr_essential": True, "acr": "phr"}, Step.ISSUE, ""),
    ],
)
def test_next_step(change: dict[str, Any], step: Step, reason: str) -> None:
    """One fact at a time (HP-16, HP-17, HP-20, HP-61, HP-62, MF-05, MF-07)."""
    found = decide(factories.facts(OK, **change)).next
    assert (found.step, found.reason) == (step, reason)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"asserted": False, "partner": None}, "login_required"),
        ({"asserted": False}, "login_required"),
        ({"asserted": False, "by_mail": True}, "login_required"),
        ({"person": None, "mailbox": "invited"}, "interaction_required"),
        ({"choose": True}, "account_selection_required"),
        ({"max_age": 1}, "login_required"),
        ({"person": None, "invitation": "i"}, "interaction_required"),
        ({"frequency": 50}, "login_required"),
        ({"policy_refusal": "policy_blocked"}, "access_denied"),
        ({"consented": None}, "consent_required"),
        ({"person": None}, "access_denied"),
        ({"state": GuestState.BLOCKED}, "access_denied"),
        ({"terms": "2"}, "interaction_required"),
        ({"acr_values": MFA, "acr_essential": True}, "interaction_required"),
        ({"acr_values": MFA, "acr_essential": True, "may_step_up": True}, "interaction_required"),
        ({"required": frozenset({"mfa"}), "factors": frozenset({"totp"})}, "interaction_required"),
    ],
)
def test_under_prompt_none_a_step_becomes_its_error(change: dict[str, Any], error: str) -> None:
    """HP-47, AZ-11: never a page."""
    found = decide(factories.facts(OK, silent=True, **change)).next
    assert (found.step, found.error, found.code) == (Step.DENY, error, None)


ANY = st.builds(
    factories.facts,
    now=st.just(NOW),
    started_at=st.integers(NOW - 3600, NOW),
    application=st.sampled_from(["payroll", None]),
    **{name: st.booleans() for name in (
        "silent", "force", "choose", "ask_consent", "acr_essential", "subject_differs", "partner_live", "asserted", "asserted_now", "fresh_answered",
        "by_mail", "expired", "assignment_required", "assigned", "consented_now", "freshness_asked", "may_step_up", "terms_accepted", "method_added",
    )},
    required=st.frozensets(st.sampled_from(["mfa", "phishing_resistant_mfa", "terms_of_use"])),
    factors=st.frozensets(st.sampled_from(["totp", "passkey", "key"])),
    proven_at=st.none() | st.integers(NOW - 2000, NOW),
    own_page_intent=st.sampled_from(["", "prove", "totp", "passkey"]),
    terms=st.sampled_from([None, "2"]),
    max_age=st.none() | st.integers(0, 10_000),
    acr_values=st.just(MFA) | st.just(()),
    scopes=st.frozensets(st.sampled_from(["openid", "email", "groups"])),
    partner=st.sampled_from([None, "fabrikam"]),
    auth_time=st.none() | st.integers(NOW - 10_000, NOW + 60),
    session_auth_time=st.none() | st.integers(NOW - 10_000, NOW),
    person=st.sampled_from([None, "p"]),
    kind=st.sampled_from(list(PersonKind)),
    state=st.sampled_from(list(GuestState)),
    invitation=st.sampled_from([None, "i"]),
    mailbox=st.sampled_from([None, "invited", "recorded"]),
    invitation_refusal=st.sampled_from([None, "invitation_used"]),
    consented=st.none() | st.frozensets(st.sampled_from(["openid", "email", "groups"])),
    acr=st.sampled_from(["https://refeds.org/profile/sfa", *MFA, "phr"]),
    policy_refusal=st.sampled_from([None, None, "policy_blocked", "policy_error"]),
    frequency=st.none() | st.integers(1, 10_000),
)  # fmt: skip


@given(ANY)
def test_only_an_active_bound_fresh_person_gets_in(facts: Facts) -> None:
    """Whatever the facts: an answer without every condition is impossible, and every answer has a reason."""
    decision = decide(facts)
    if decision.next.step is not Step.ISSUE:
        assert decision.next.reason or decision.next.code
        assert decision.gate == GATES[len(decision.passed)].name
        return
    assert facts.session.asserted
    assert facts.person.id is not None
    assert facts.person.state is GuestState.ACTIVE
    assert not facts.person.expired
    assert facts.partner.live
    assert facts.invitation.id is None
    assert facts.invitation.mailbox is None
    assert not facts.request.subject_differs
    assert facts.policy.refusal is None
    assert unmet(facts.policy.required, acr=facts.factors.acr, terms_accepted=facts.policy.terms_accepted) == ()
    assert facts.policy.frequency is None or is_young(facts, facts.policy.frequency)
    assert (
        facts.application.id is None
        or facts.person.kind is PersonKind.MEMBER
        or facts.application.assigned
        or not facts.application.assignment_required
    )
    assert assurance.rank(facts.factors.acr) >= required_rank(facts)
    assert facts.policy.terms_accepted or "terms_of_use" not in facts.policy.required
    assert facts.policy.terms_accepted or facts.policy.terms is None or facts.person.kind is PersonKind.MEMBER


@given(ANY)
def test_prompt_none_never_shows_a_page(facts: Facts) -> None:
    """HP-47: with prompt=none there are only two ends."""
    assert decide(factories.facts(facts, silent=True)).next.step in (Step.ISSUE, Step.DENY)


OBJECTIONS = [
    ("expired", True), ("state", GuestState.BLOCKED), ("subject_differs", True), ("partner_live", False), ("policy_refusal", "policy_blocked"),
    ("policy_refusal", "policy_error"), ("required", frozenset({"retina"})),
]  # fmt: skip


@given(ANY, st.sampled_from(OBJECTIONS))
def test_one_more_objection_never_lets_in(facts: Facts, objection: tuple[str, Any]) -> None:
    """Adding a reason against never turns a refusal into an answer."""
    with_it = decide(factories.facts(facts, **{objection[0]: objection[1]})).next.step
    assert with_it is not Step.ISSUE or (objection[0] == "partner_live" and not facts.session.asserted)


def test_every_fact_has_a_default_that_opens_nothing() -> None:
    """Closed by default: facts of nothing at all lead to the home page, never inside."""
    assert decide(Facts(now=NOW)).next.step is Step.HOME
