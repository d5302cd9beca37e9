"""The list of gates that every login passes. The first gate that is not satisfied names the next step.

A gate is a record: a name, a description, and a pure check over the facts. `GATES` below the checks is the whole list, in its
order; docs/architecture.md shows it. A condition for signing in is a gate here; request handlers contain none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.domain import assurance
from broker.domain.assurance_rules import MFA_RANK, next_rank, required_rank
from broker.domain.factor import FRESH
from broker.domain.facts import Facts
from broker.domain.guest import GuestState, PersonKind
from broker.domain.login import OwnPageIntent
from broker.domain.next_step import How, Next, Step
from broker.domain.policy import Requirement
from broker.domain.sign_up import SignUpState

CLOCK_SKEW = 10  # seconds that a partner's clock may be behind ours when we asked it for a fresh sign-in


@dataclass(frozen=True, slots=True)
class Gate:
    """name: as receipts show it. description: what holds where the gate is satisfied. check: None where it is."""

    name: str
    description: str
    check: Callable[[Facts], Next | None]


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step, the gate that named it ("" if all are satisfied), and the gates that were satisfied before it."""

    next: Next
    gate: str
    passed: tuple[str, ...]


# --- the home organization and its assertion -------------------------------------------------------------------------


def _home_is_known(f: Facts) -> Next | None:
    if f.request.choose and not f.session.asserted_now:
        return Next(Step.HOME, "account_selection_required", "prompt=select_account asks which account to use")
    if f.session.asserted or f.partner.id is not None:
        return None
    return Next(Step.HOME, "login_required", "nobody is signed in in this browser")


def _assertion_is_fresh(f: Facts) -> Next | None:
    if not f.session.asserted:
        return Next(_sign_in_step(f), "login_required", "the home organization has not vouched yet")
    if not f.partner.live:
        return Next(Step.DENY, "access_denied", "partner_removed", "partner_failed")
    if f.request.force and not f.session.asserted_now:
        return Next(_sign_in_step(f), "login_required", "prompt=login asks for a fresh sign-in")
    if f.request.max_age is None and not f.request.force:
        return None
    if _is_recent(f):
        return None
    if not f.session.asserted_now:
        return Next(_sign_in_step(f), "login_required", "the last sign-in is older than max_age allows")
    return Next(Step.DENY, "login_required", _auth_time_reason(f))  # HP-17: a login asks once


def _sign_in_step(f: Facts) -> Step:
    """Where this person signs in: at the home organization, by a code to their mailbox, or by the passkey of an administrator."""
    return Step.CODE if f.partner.by_mail else Step.HOME if f.partner.by_link else Step.UPSTREAM


def _is_recent(f: Facts) -> bool:
    """auth_time satisfies max_age, or prompt=login, which requires a sign-in after the request (Core 3.1.2.1)."""
    if f.session.auth_time is None:
        return False
    if not f.session.asserted_now:
        return f.request.max_age is None or f.session.auth_time >= f.now - f.request.max_age
    oldest = f.request.started_at - (0 if f.request.force else f.request.max_age or 0)
    return f.session.auth_time >= oldest or (
        f.session.auth_time >= oldest - CLOCK_SKEW and f.session.auth_time != f.session.session_auth_time
    )


def _auth_time_reason(f: Facts) -> str:
    return "auth_time_missing" if f.session.auth_time is None else "auth_time_too_old"


# --- the person ------------------------------------------------------------------------------------------------------


def _person_is_expected(f: Facts) -> Next | None:
    return Next(Step.DENY, "login_required", "subject_differs") if f.request.subject_differs else None


def _sign_up_is_answered(f: Facts) -> Next | None:
    known = f.sign_up
    if (
        known.application is None
        or f.invitation.id is not None
        or f.invitation.refusal is not None
        or f.invitation.mailbox is not None
    ):
        return None  # no sign-up, or the person can have access without one
    if known.refusal is not None:
        return Next(Step.DENY, "access_denied", known.reason or known.refusal, known.refusal)
    if known.state == SignUpState.INVALID:
        return Next(Step.CORRECT, "interaction_required", "the application's connector wants the form corrected")
    if known.state == SignUpState.DUE:
        return Next(Step.SIGN_UP, "interaction_required", "the address is proven, so the sign-up can be carried out")
    if known.state in (SignUpState.WAITING, SignUpState.REFUSED, SignUpState.EXPIRED):
        return Next(Step.REQUESTED, "access_denied", f"sign_up_{known.state}")
    return None


def _person_is_bound(f: Facts) -> Next | None:
    if f.invitation.refusal is not None:
        return Next(Step.DENY, "access_denied", f.invitation.reason or f.invitation.refusal, f.invitation.refusal)
    if f.invitation.mailbox is not None:
        return Next(Step.CODE, "interaction_required", f"the {f.invitation.mailbox} mailbox is not proven yet")
    if f.invitation.id is not None:
        return Next(Step.REDEEM, "interaction_required", "an invitation waits to be accepted")
    if f.person.id is None:
        return Next(Step.DENY, "access_denied", "not_invited", "not_invited")
    return None


def _guest_is_active(f: Facts) -> Next | None:
    if f.person.state is GuestState.BLOCKED:
        return Next(Step.DENY, "access_denied", "guest_blocked", "guest_blocked")
    if f.person.expired or f.person.state is GuestState.EXPIRED:
        return Next(Step.DENY, "access_denied", "guest_expired", "guest_expired")
    if f.person.state is not GuestState.ACTIVE:
        return Next(Step.DENY, "access_denied", f"guest_{f.person.state}", "not_invited")
    return None


# --- the application, the policies and the terms ---------------------------------------------------------------------


def _access_is_assigned(f: Facts) -> Next | None:
    if (
        f.application.id is None
        or f.person.kind is PersonKind.MEMBER
        or f.application.assigned
        or not f.application.assignment_required
    ):
        return None
    return Next(Step.DENY, "access_denied", "not_assigned", "not_assigned")


def _policy_allows(f: Facts) -> Next | None:
    if f.policy.refusal is not None:
        return Next(Step.DENY, "access_denied", f.policy.refusal, "policy_blocked")
    if f.policy.frequency is not None and not is_young(f, f.policy.frequency):
        if not f.session.freshness_asked:
            reason = "the last sign-in is older than a policy allows"
            return Next(_sign_in_step(f), "login_required", reason, fresh_within=f.policy.frequency)
        return Next(Step.DENY, "login_required", _auth_time_reason(f), "policy_blocked")  # HP-17: a login asks once
    unknown = sorted(f.policy.required.difference(Requirement))  # PO-02: an unknown requirement is never met
    return Next(Step.DENY, "access_denied", f"{unknown[0]}_missing", "policy_blocked") if unknown else None


def is_young(f: Facts, seconds: int) -> bool:
    """The sign-in is younger than so many seconds (HT-12); one of this login counts by its age when the login began.

    A partner that was asked for a fresh sign-in uses its own clock, so its answer has CLOCK_SKEW as leeway.
    """
    if f.session.auth_time is None:
        return False
    if not f.session.asserted_now:
        return f.session.auth_time > f.now - seconds
    return f.session.auth_time >= f.request.started_at - seconds - (CLOCK_SKEW if f.session.freshness_asked else 0)


def _terms_are_accepted(f: Facts) -> Next | None:
    by_policy = Requirement.TERMS in f.policy.required
    if f.policy.terms_accepted or not (by_policy or (f.policy.terms is not None and f.person.kind is PersonKind.GUEST)):
        return None
    if f.policy.terms is None:  # a policy requires terms, but there are none that anybody could accept
        return Next(Step.DENY, "access_denied", "terms_of_use_missing", "policy_blocked")
    return Next(Step.TERMS, "interaction_required", f"the terms of use {f.policy.terms} are not accepted yet")


def _consent_is_given(f: Facts) -> Next | None:
    if f.application.id is None or f.application.consented_now:
        return None
    if f.application.ask_consent:
        return Next(Step.CONSENT, "consent_required", "prompt=consent asks again")
    if f.person.kind is PersonKind.MEMBER:  # HP-61
        return None
    if f.application.consented is None:
        return Next(Step.CONSENT, "consent_required", "no consent for this application yet")
    if not f.application.scopes <= f.application.consented:
        return Next(Step.CONSENT, "consent_required", "the application asks for more than was agreed to")
    return None


# --- the strength of the proof ---------------------------------------------------------------------------------------


def _proof_is_strong_enough(f: Facts) -> Next | None:
    reached, required, wanted = assurance.rank(f.factors.acr), required_rank(f), next_rank(f)
    if reached >= wanted or (f.request.silent and reached >= required):
        return None
    reason = "the application would like more proof" if wanted > required else "more proof is needed than was given"
    if wanted == MFA_RANK and f.partner.may_step_up:
        return Next(Step.UPSTREAM, "interaction_required", reason, how=How.MORE)
    how = How.PASSKEY if wanted > MFA_RANK else How.ANY
    if "passkey" in f.factors.methods or (f.factors.methods and wanted == MFA_RANK):
        return Next(Step.CHALLENGE, "interaction_required", reason, how=how)
    if wanted > required:
        return None
    return _before_adding(f) or Next(Step.ENROLL, "interaction_required", reason, how=how)


def _own_page_intent_is_met(f: Facts) -> Next | None:
    intent = f.factors.own_page_intent
    if not intent or f.factors.method_added:
        return None
    if intent == OwnPageIntent.OFFER:  # nothing requires it: whatever would stand in its way ends the offer
        offered = Next(Step.ENROLL, "interaction_required", "a passkey is offered", how=How.PASSKEY)
        return None if f.factors.methods or f.factors.went_without or _before_adding(f) else offered
    if intent == OwnPageIntent.PROVE:
        return _before_adding(f)
    return _before_adding(f) or Next(Step.ENROLL, "interaction_required", "a method is to be added", how=How(intent))


def _before_adding(f: Facts) -> Next | None:
    """A fresh proof comes before a new method: with a method that the person has, else a fresh sign-in (MF-07).

    Without it, a thief of the session could add a method of their own.
    """
    if f.factors.methods:
        if f.factors.proven_at is not None and f.factors.proven_at >= f.now - FRESH:
            return None
        return Next(Step.CHALLENGE, "interaction_required", "a method is added only after a fresh proof", how=How.ANY)
    answered = (
        f.session.asserted_now and f.session.fresh_answered
    )  # a partner that sends no auth_time is trusted to have asked the person
    if f.session.auth_time >= f.now - FRESH if f.session.auth_time is not None else answered:
        return _by_second_channel(f)
    if answered:  # HP-17: a login asks once
        return Next(Step.DENY, "login_required", "auth_time_too_old", "partner_failed")
    return Next(_sign_in_step(f), "interaction_required", "a method is added only after a fresh sign-in", how=How.FRESH)


def _by_second_channel(f: Facts) -> Next | None:
    """A person who is known to sign in with more than a password adds a first method here only with more than one (FA-05)."""
    if f.factors.second_channel == "mailbox":
        return Next(Step.CODE, "interaction_required", "a first method is added only with a code to the recorded mailbox")
    vouch = Next(Step.VOUCH, "interaction_required", "a first method is added only after somebody has vouched")
    return vouch if f.factors.second_channel else None


# --- the list --------------------------------------------------------------------------------------------------------

GATES = (
    Gate("home_is_known", "The home organization of the person is known.", _home_is_known),
    Gate(
        "assertion_is_fresh",
        "The home organization, or a code to the mailbox, vouched for the person as recently as the application asks.",
        _assertion_is_fresh,
    ),
    Gate("person_is_expected", "The application's `id_token_hint` or requested `sub` names this person.", _person_is_expected),
    Gate("sign_up_is_answered", "A person who signs up proved their address, and the request for access is not open or refused.", _sign_up_is_answered),
    Gate(
        "person_is_bound",
        "The asserted identity is bound to a person. An invitation, or a code to the recorded mailbox, can bind it in this login.",
        _person_is_bound,
    ),
    Gate("guest_is_active", "The person has redeemed and is not blocked, expired or deleted.", _guest_is_active),
    Gate("access_is_assigned", "A guest has an assignment that is valid now, where the application requires one.", _access_is_assigned),
    Gate("policy_allows", "The policies allow the sign-in, and it is as recent as they require.", _policy_allows),
    Gate("terms_are_accepted", "A guest, and everybody of whom a policy asks it, accepted the terms of use in force.", _terms_are_accepted),
    Gate("consent_is_given", "A guest agreed to what the application receives. A member's consent counts as given.", _consent_is_given),
    Gate(
        "proof_is_strong_enough",
        "The proof is as strong as policies and application ask. The partner is asked for more first, then a factor of ours.",
        _proof_is_strong_enough,
    ),
    Gate("own_page_intent_is_met", "A login that changes the person's sign-in methods has a fresh proof, and has added the method; one that offers a passkey was answered.", _own_page_intent_is_met),
)  # fmt: skip
ISSUE = Next(Step.ISSUE)


def decide(facts: Facts) -> Decision:
    """Asks the gates in their order. Under prompt=none a step with a page becomes its OpenID Connect error (Core 3.1.2.6)."""
    passed: list[str] = []
    for gate in GATES:
        answer = gate.check(facts)
        if answer is not None:
            if facts.request.silent:
                answer = Next(Step.DENY, answer.error, answer.reason)
            return Decision(answer, gate.name, tuple(passed))
        passed.append(gate.name)
    return Decision(ISSUE, "", tuple(passed))
