"""What each gate answers, whole: step, OAuth error, reason and the page's code; and the edges of its times."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.assurance_rules import asks_partner_for_both, is_voluntary
from broker.domain.gates import GATES, decide
from broker.domain.guest import GuestState
from broker.domain.next_step import How, Next, Step
from tests import factories

NOW = 1_800_000_000
STARTED = NOW - 5
OK = factories.facts(
    now=NOW, application="payroll", started_at=STARTED, partner="fabrikam", asserted=True, auth_time=NOW - 100, person="p",
    consented=frozenset({"openid"}), scopes=frozenset({"openid"}),
)  # fmt: skip
MFA = "https://refeds.org/profile/mfa"
TERMS, SECOND, PHR, TOTP = (frozenset({word}) for word in ("terms_of_use", "mfa", "phishing_resistant_mfa", "totp"))
BY_MAILBOX = "a first method is added only with a code to the recorded mailbox"
SIGNS_UP = "the address is proven, so the sign-up can be carried out"
BY_VOUCHER = "a first method is added only after somebody has vouched"
FRESH_PROOF, FRESH_SIGN_IN = "a method is added only after a fresh proof", "a method is added only after a fresh sign-in"


def denied(error: str, reason: str, code: str | None = None) -> Next:
    """A login that ends here."""
    return Next(Step.DENY, error, reason, code)


def more(step: Step, reason: str = "more proof is needed than was given", *, how: How | None) -> Next:
    """Something has to be proven or added first."""
    return Next(step, "interaction_required", reason, how=how)


ANSWERS: list[tuple[dict[str, Any], Next]] = [
    ({}, Next(Step.ISSUE, "", "", None)),
    ({"choose": True, "asserted_now": True}, Next(Step.ISSUE)),
    ({"partner": None}, Next(Step.ISSUE)),
    (
        {"choose": True},
        Next(Step.HOME, "account_selection_required", "prompt=select_account asks which account to use"),
    ),
    ({"asserted": False, "partner": None}, Next(Step.HOME, "login_required", "nobody is signed in in this browser")),
    ({"asserted": False}, Next(Step.UPSTREAM, "login_required", "the home organization has not vouched yet")),
    ({"partner_live": False}, denied("access_denied", "partner_removed", "partner_failed")),
    ({"force": True}, Next(Step.UPSTREAM, "login_required", "prompt=login asks for a fresh sign-in")),
    ({"max_age": 99}, Next(Step.UPSTREAM, "login_required", "the last sign-in is older than max_age allows")),
    ({"max_age": 9, "asserted_now": True}, denied("login_required", "auth_time_too_old")),
    ({"max_age": 9, "asserted_now": True, "auth_time": None}, denied("login_required", "auth_time_missing")),
    ({"subject_differs": True}, denied("login_required", "subject_differs")),
    ({"invitation_refusal": "invitation_used"}, denied("access_denied", "invitation_used", "invitation_used")),
    (
        {"invitation_refusal": "invitation_used", "invitation_reason": "redeemed_by_other"},
        denied("access_denied", "redeemed_by_other", "invitation_used"),
    ),
    ({"invitation": "i"}, Next(Step.REDEEM, "interaction_required", "an invitation waits to be accepted")),
    ({"person": None}, denied("access_denied", "not_invited", "not_invited")),
    ({"person": None, "sign_up": "payroll", "sign_up_state": "due"}, Next(Step.SIGN_UP, "interaction_required", SIGNS_UP)),
    (
        {"sign_up": "payroll", "sign_up_state": "invalid"},
        Next(Step.CORRECT, "interaction_required", "the application's connector wants the form corrected"),
    ),
    ({"sign_up": "payroll", "sign_up_state": "waiting"}, Next(Step.REQUESTED, "access_denied", "sign_up_waiting")),
    ({"sign_up": "payroll", "sign_up_state": "refused"}, Next(Step.REQUESTED, "access_denied", "sign_up_refused")),
    ({"sign_up": "payroll", "sign_up_state": "expired"}, Next(Step.REQUESTED, "access_denied", "sign_up_expired")),
    ({"sign_up": "payroll", "sign_up_state": "settled"}, Next(Step.ISSUE)),
    (
        {"person": None, "sign_up": "payroll", "sign_up_refusal": "domain_denied", "sign_up_reason": "members_domain"},
        denied("access_denied", "members_domain", "domain_denied"),
    ),
    (
        {"person": None, "sign_up": "payroll", "sign_up_state": "due", "invitation": "i"},
        Next(Step.REDEEM, "interaction_required", "an invitation waits to be accepted"),
    ),
    ({"state": GuestState.BLOCKED}, denied("access_denied", "guest_blocked", "guest_blocked")),
    ({"state": GuestState.BLOCKED, "expired": True}, denied("access_denied", "guest_blocked", "guest_blocked")),
    ({"expired": True}, denied("access_denied", "guest_expired", "guest_expired")),
    ({"state": GuestState.EXPIRED}, denied("access_denied", "guest_expired", "guest_expired")),
    ({"state": GuestState.INVITED}, denied("access_denied", "guest_invited", "not_invited")),
    ({"assignment_required": True}, denied("access_denied", "not_assigned", "not_assigned")),
    ({"assignment_required": True, "application": None}, Next(Step.ISSUE)),
    ({"policy_refusal": "policy_error"}, denied("access_denied", "policy_error", "policy_blocked")),
    (
        {"frequency": 100},
        Next(Step.UPSTREAM, "login_required", "the last sign-in is older than a policy allows", fresh_within=100),
    ),
    (
        {"frequency": 9, "asserted_now": True, "freshness_asked": True},
        denied("login_required", "auth_time_too_old", "policy_blocked"),
    ),
    (
        {"frequency": 9, "asserted_now": True, "freshness_asked": True, "auth_time": None},
        denied("login_required", "auth_time_missing", "policy_blocked"),
    ),
    ({"required": frozenset({"retina"})}, denied("access_denied", "retina_missing", "policy_blocked")),
    ({"ask_consent": True}, Next(Step.CONSENT, "consent_required", "prompt=consent asks again")),
    ({"consented": None}, Next(Step.CONSENT, "consent_required", "no consent for this application yet")),
    (
        {"consented": frozenset()},
        Next(Step.CONSENT, "consent_required", "the application asks for more than was agreed to"),
    ),
    ({"terms": "2"}, Next(Step.TERMS, "interaction_required", "the terms of use 2 are not accepted yet")),
    ({"required": TERMS}, denied("access_denied", "terms_of_use_missing", "policy_blocked")),
    ({"required": TERMS, "terms": "2", "terms_accepted": True}, Next(Step.ISSUE)),
    ({"acr_values": (MFA,), "acr_essential": True}, more(Step.ENROLL, how=How.ANY)),
    ({"required": SECOND}, more(Step.ENROLL, how=How.ANY)),
    ({"required": SECOND, "acr": MFA}, Next(Step.ISSUE)),
    ({"required": SECOND, "may_step_up": True}, more(Step.UPSTREAM, how=How.MORE)),
    ({"required": SECOND, "factors": TOTP}, more(Step.CHALLENGE, how=How.ANY)),
    ({"required": SECOND, "auth_time": NOW - 600}, more(Step.ENROLL, how=How.ANY)),
    ({"required": SECOND, "auth_time": NOW - 601}, more(Step.UPSTREAM, FRESH_SIGN_IN, how=How.FRESH)),
    ({"required": SECOND, "auth_time": None}, more(Step.UPSTREAM, FRESH_SIGN_IN, how=How.FRESH)),
    ({"required": PHR}, more(Step.ENROLL, how=How.PASSKEY)),
    ({"required": PHR, "may_step_up": True, "acr": MFA}, more(Step.ENROLL, how=How.PASSKEY)),
    ({"required": PHR, "acr": "phr"}, Next(Step.ISSUE)),
    ({"required": PHR, "factors": frozenset({"passkey"})}, more(Step.CHALLENGE, how=How.PASSKEY)),
    ({"required": PHR, "factors": TOTP}, more(Step.CHALLENGE, FRESH_PROOF, how=How.ANY)),
    ({"required": PHR, "factors": TOTP, "proven_at": NOW - 600}, more(Step.ENROLL, how=How.PASSKEY)),
    ({"required": PHR, "factors": TOTP, "proven_at": NOW - 901}, more(Step.CHALLENGE, FRESH_PROOF, how=How.ANY)),
    ({"own_page_intent": "totp"}, more(Step.ENROLL, "a method is to be added", how=How.TOTP)),
    ({"own_page_intent": "totp", "auth_time": NOW - 601}, more(Step.UPSTREAM, FRESH_SIGN_IN, how=How.FRESH)),
    (
        {"own_page_intent": "totp", "auth_time": NOW - 901, "asserted_now": True, "fresh_answered": True},
        denied("login_required", "auth_time_too_old", "partner_failed"),
    ),
    (
        {"own_page_intent": "totp", "auth_time": None, "asserted_now": True, "fresh_answered": True},
        more(Step.ENROLL, "a method is to be added", how=How.TOTP),
    ),
    ({"own_page_intent": "totp", "second_channel": "mailbox"}, more(Step.CODE, BY_MAILBOX, how=None)),  # FA-05
    ({"own_page_intent": "totp", "second_channel": "sponsor"}, more(Step.VOUCH, BY_VOUCHER, how=None)),
    ({"required": SECOND, "second_channel": "mailbox"}, more(Step.CODE, BY_MAILBOX, how=None)),
    ({"required": SECOND, "second_channel": "sponsor"}, more(Step.VOUCH, BY_VOUCHER, how=None)),
    (
        {"own_page_intent": "totp", "second_channel": "mailbox", "auth_time": NOW - 901},
        more(Step.UPSTREAM, FRESH_SIGN_IN, how=How.FRESH),
    ),
    (
        {"own_page_intent": "passkey", "second_channel": "mailbox", "factors": TOTP},
        more(Step.CHALLENGE, FRESH_PROOF, how=How.ANY),
    ),
    ({"own_page_intent": "totp", "factors": TOTP}, more(Step.CHALLENGE, FRESH_PROOF, how=How.ANY)),
    ({"own_page_intent": "totp", "method_added": True}, Next(Step.ISSUE)),
    (
        {"required": SECOND, "acr_values": ("phr",)},
        more(Step.ENROLL, how=How.ANY),
    ),  # what must be comes before what would be liked
    ({"required": SECOND, "acr_values": ("phr",), "factors": TOTP, "may_step_up": True}, more(Step.UPSTREAM, how=How.MORE)),
    (
        {"required": SECOND, "acr_values": ("phr",), "factors": frozenset({"passkey"}), "may_step_up": True},
        more(Step.CHALLENGE, how=How.PASSKEY, reason="the application would like more proof"),
    ),  # one proof for both
    (
        {"required": SECOND, "acr_values": (MFA,), "factors": frozenset({"passkey"}), "may_step_up": True},
        more(Step.UPSTREAM, how=How.MORE),
    ),
    ({"acr_values": (MFA, "phr"), "acr_essential": True, "acr": MFA}, Next(Step.ISSUE)),
    ({"own_page_intent": "prove"}, Next(Step.ISSUE)),
    ({"own_page_intent": "prove", "factors": TOTP}, more(Step.CHALLENGE, FRESH_PROOF, how=How.ANY)),
]


@pytest.mark.parametrize(("change", "answer"), ANSWERS)
def test_the_whole_answer(change: dict[str, Any], answer: Next) -> None:
    """HP-46, HP-47: what the page shows and what the application is told, for each condition; silently only the error is left."""
    decision = decide(factories.facts(OK, **change))
    assert decision.next == answer
    silent = decide(factories.facts(OK, silent=True, **change))
    assert silent.next == (answer if answer.step is Step.ISSUE else denied(answer.error, answer.reason))
    names = [gate.name for gate in GATES]
    if answer.step is Step.ISSUE:
        assert (decision.gate, list(decision.passed)) == ("", names)
    else:
        assert list(decision.passed) == names[: names.index(decision.gate)]


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"max_age": 10, "auth_time": STARTED - 10}, True),
        ({"max_age": 10, "auth_time": STARTED - 20}, True),  # ten seconds that the partner's clock may be behind
        ({"max_age": 10, "auth_time": STARTED - 21}, False),
        ({"max_age": 10, "auth_time": STARTED - 11, "session_auth_time": STARTED - 11}, False),  # the same proof as before
        ({"max_age": 10, "auth_time": STARTED - 10, "session_auth_time": STARTED - 10}, True),
        ({"max_age": 100, "auth_time": NOW - 50, "session_auth_time": NOW - 50}, True),
        ({"max_age": 0, "auth_time": STARTED - 10}, True),
        ({"max_age": 0, "auth_time": STARTED - 11}, False),
        ({"force": True, "auth_time": STARTED - 10}, True),
        ({"force": True, "auth_time": STARTED - 11}, False),
        ({"force": True, "auth_time": STARTED, "session_auth_time": STARTED}, True),
        (
            {"force": True, "max_age": 100, "auth_time": NOW - 50},
            False,
        ),  # prompt=login wants one from now on, whatever max_age says
        ({"max_age": 100, "auth_time": NOW - 50}, True),
    ],
)
def test_edges_of_a_proof_given_now(change: dict[str, Any], good: bool) -> None:
    """HP-17: a proof of this login counts from when the login began, with the partner's clock ten seconds behind at most."""
    decision = decide(factories.facts(OK, asserted_now=True, **change))
    assert decision.next == (Next(Step.ISSUE) if good else denied("login_required", "auth_time_too_old"))


@pytest.mark.parametrize(("max_age", "good"), [(100, True), (99, False), (0, False)])
def test_edges_of_a_session(max_age: int, good: bool) -> None:
    """HP-17: a proof of an earlier login counts by its age now, to the second."""
    assert (decide(factories.facts(OK, max_age=max_age)).next.step is Step.ISSUE) is good


def test_a_voluntary_proof_is_asked_for_where_it_costs_nothing() -> None:
    """HP-62, MF-07: a voluntary acr asks the partner or a factor that is there, adds none, and shows no page under prompt=none."""
    likes = "the application would like more proof"
    asks = factories.facts(OK, acr_values=(MFA,))
    assert decide(asks).next == Next(Step.ISSUE)
    assert decide(factories.facts(asks, may_step_up=True)).next == more(Step.UPSTREAM, likes, how=How.MORE)
    assert decide(factories.facts(asks, factors=TOTP)).next == more(Step.CHALLENGE, likes, how=How.ANY)
    assert decide(factories.facts(asks, factors=TOTP, silent=True)).next == Next(Step.ISSUE)
    assert decide(factories.facts(asks, factors=TOTP, acr=MFA)).next == Next(Step.ISSUE)
    assert decide(factories.facts(asks, acr_values=("phr",), factors=TOTP)).next == Next(Step.ISSUE)
    declined = factories.facts(asks, factors=TOTP, went_without=True)
    assert decide(declined).next == decide(factories.facts(declined, may_step_up=True)).next == Next(Step.ISSUE)
    assert decide(factories.facts(declined, required=SECOND)).next == more(Step.CHALLENGE, how=How.ANY)
    assert decide(factories.facts(declined, acr_essential=True)).next == more(Step.CHALLENGE, how=How.ANY)
    assert decide(factories.facts(asks, required=SECOND, silent=True)).next == denied(
        "interaction_required", "more proof is needed than was given"
    )


AT_HOME, WITH_CODES = {"method": "partner"}, {"method": "totp"}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"proofs": (AT_HOME,)}, True),
        ({"proofs": ()}, True),
        ({"proofs": (AT_HOME,), "may_step_up": False}, False),  # it cannot be asked, or was
        ({"proofs": (AT_HOME,), "required": frozenset()}, False),
        ({"proofs": (AT_HOME,), "required": PHR}, False),  # no partner gives that
        ({"proofs": (AT_HOME, WITH_CODES)}, False),  # a factor of ours was used: it will be again
        ({"proofs": (WITH_CODES,)}, False),
    ],
)
def test_one_visit_for_both(change: dict[str, Any], good: bool) -> None:
    """HO-15: the partner that is asked for a fresh sign-in is asked for a second factor with it only where that must come from there."""
    assert asks_partner_for_both(factories.facts(OK, **{"required": SECOND, "may_step_up": True, **change})) is good


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"acr_values": (MFA,)}, True),
        ({"acr_values": ("phr",), "factors": frozenset({"passkey"}), "required": SECOND}, True),
        ({"acr_values": ("phr",), "required": SECOND}, False),  # first what must be
        ({"acr_values": (MFA,), "acr_essential": True}, False),
        ({"required": SECOND}, False),
        ({"acr_values": (MFA,), "own_page_intent": "totp"}, False),  # the person came to prove
        ({"own_page_intent": "totp"}, False),
        ({}, False),
    ],
)
def test_going_on_without(change: dict[str, Any], good: bool) -> None:
    """HP-16, MF-07: the way past a proof is offered where the application would like one, never where one must be."""
    assert is_voluntary(factories.facts(OK, **change)) is good


def test_the_names_and_their_order() -> None:
    """Receipts that are stored name the gates: a name changes only on purpose, and the order decides which step comes first."""
    assert [gate.name for gate in GATES] == [
        "home_is_known", "assertion_is_fresh", "person_is_expected", "sign_up_is_answered", "person_is_bound", "guest_is_active",
        "access_is_assigned", "policy_allows", "terms_are_accepted", "consent_is_given", "proof_is_strong_enough", "own_page_intent_is_met",
    ]  # fmt: skip
    assert all(gate.description.endswith(".") for gate in GATES)
