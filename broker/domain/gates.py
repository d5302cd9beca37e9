"""The whole login on one screen: the first gate that is not satisfied names the next step.

A gate is a pure function with one sentence. Whoever adds a condition to a sign-in adds a gate here; handlers have none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from broker.domain import assurance
from broker.domain.factor import FRESH, Method
from broker.domain.facts import Facts
from broker.domain.guest import GuestState, PersonKind
from broker.domain.login import OwnPageIntent
from broker.domain.policy import Requirement

CLOCK_SKEW = 10  # seconds that a partner's clock may be behind ours when we asked for a sign-in from now on
_MFA = assurance.rank(assurance.MFA)


class Step(StrEnum):
    """Where a login can stand; each but the last two is one page or one redirect."""

    HOME = "home"
    UPSTREAM = "upstream"
    CODE = "code"
    REDEEM = "redeem"
    TERMS = "terms"
    CONSENT = "consent"
    CHALLENGE = "challenge"
    VOUCH = "vouch"
    ENROLL = "enroll"
    DENY = "deny"
    ISSUE = "issue"


@dataclass(frozen=True, slots=True)
class Next:
    """The answer of a gate.

    error: the OAuth error for the application when the step may not be shown (prompt=none) or the login is denied.
    code: the page's code when denied; None: the error goes straight to the application. reason: for the receipt. how: of a step that can be done in several ways,
    `more` (UPSTREAM: ask for more proof), `anew` (UPSTREAM: a fresh one), `any` or `passkey` (CHALLENGE, ENROLL), `totp` (ENROLL).
    """

    step: Step
    error: str = ""
    reason: str = ""
    code: str | None = None
    how: str = ""


def home_is_known(f: Facts) -> Next | None:
    """We know which home organization signs this person in."""
    if f.choose and not f.asserted_now:
        return Next(Step.HOME, "account_selection_required", "prompt=select_account asks which account to use")
    if f.asserted or f.partner is not None:
        return None
    return Next(Step.HOME, "login_required", "nobody is signed in in this browser")


def assertion_is_fresh(f: Facts) -> Next | None:
    """That organization's identity provider, or a code to their mailbox, vouched for them, as recently as the application asks."""
    if not f.asserted:
        return Next(_proof(f), "login_required", "the home organization has not vouched yet")
    if not f.partner_live:
        return Next(Step.DENY, "access_denied", "partner_removed", "partner_failed")
    if f.force and not f.asserted_now:
        return Next(_proof(f), "login_required", "prompt=login asks for a fresh sign-in")
    if f.max_age is None and not f.force:
        return None
    if _is_recent(f):
        return None
    if not f.asserted_now:
        return Next(_proof(f), "login_required", "the last sign-in is older than max_age allows")
    # HP-17: never asked twice in one login
    return Next(Step.DENY, "login_required", "auth_time_missing" if f.auth_time is None else "auth_time_too_old")


def _proof(f: Facts) -> Step:
    """Where this person proves himself: at the home organization, or by a code to the mailbox."""
    return Step.CODE if f.by_mail else Step.UPSTREAM


def _is_recent(f: Facts) -> bool:
    """auth_time satisfies max_age, or prompt=login, which wants a proof given after the request (Core 3.1.2.1)."""
    if f.auth_time is None:
        return False
    if not f.asserted_now:
        return f.max_age is None or f.auth_time >= f.now - f.max_age
    oldest = f.started_at - (0 if f.force else f.max_age or 0)
    return f.auth_time >= oldest or (f.auth_time >= oldest - CLOCK_SKEW and f.auth_time != f.session_auth_time)


def person_is_expected(f: Facts) -> Next | None:
    """The application's hint (id_token_hint, a requested sub) does not name somebody else."""
    return Next(Step.DENY, "login_required", "subject_differs") if f.subject_differs else None


def person_is_bound(f: Facts) -> Next | None:
    """The asserted (partner, issuer, subject) is bound to a person; an invitation in hand, or a code to their mailbox, may bind it now."""
    if f.invitation_refusal is not None:
        return Next(Step.DENY, "access_denied", f.invitation_reason or f.invitation_refusal, f.invitation_refusal)
    if f.mailbox is not None:
        return Next(Step.CODE, "interaction_required", f"the {f.mailbox} mailbox is not proven yet")
    if f.invitation is not None:
        return Next(Step.REDEEM, "interaction_required", "an invitation waits to be accepted")
    if f.person is None:
        return Next(Step.DENY, "access_denied", "not_invited", "not_invited")
    return None


def guest_is_active(f: Facts) -> Next | None:
    """The person is neither blocked, expired, deleted nor still waiting to redeem."""
    if f.state is GuestState.BLOCKED:
        return Next(Step.DENY, "access_denied", "guest_blocked", "guest_blocked")
    if f.expired or f.state is GuestState.EXPIRED:
        return Next(Step.DENY, "access_denied", "guest_expired", "guest_expired")
    if f.state is not GuestState.ACTIVE:
        return Next(Step.DENY, "access_denied", f"guest_{f.state}", "not_invited")
    return None


def access_is_assigned(f: Facts) -> Next | None:
    """Where the application asks for an assignment, the person has one that holds now."""
    if f.application is None or f.kind is PersonKind.MEMBER or f.assigned or not f.assignment_required:
        return None
    return Next(Step.DENY, "access_denied", "not_assigned", "not_assigned")


def policy_allows(f: Facts) -> Next | None:
    """Policies let this person in here, from there, with a sign-in as young as they ask for."""
    if f.policy_refusal is not None:
        return Next(Step.DENY, "access_denied", f.policy_refusal, "policy_blocked")
    if f.frequency is not None and not is_young(f, f.frequency):
        if not f.freshness_asked:
            return Next(_proof(f), "login_required", "the last sign-in is older than a policy allows")
        # HP-17: never asked twice in one login
        return Next(
            Step.DENY, "login_required", "auth_time_missing" if f.auth_time is None else "auth_time_too_old", "policy_blocked"
        )
    unknown = sorted(f.required.difference(Requirement))  # PO-02: what nobody knows is never met
    return Next(Step.DENY, "access_denied", f"{unknown[0]}_missing", "policy_blocked") if unknown else None


def is_young(f: Facts, seconds: int) -> bool:
    """The proof is not over yet (HT-12); one that came in this login counts by its age when the login began.

    A partner that was asked judges by its own clock, so its answer has that much leeway.
    """
    if f.auth_time is None:
        return False
    if not f.asserted_now:
        return f.auth_time > f.now - seconds
    return f.auth_time >= f.started_at - seconds - (CLOCK_SKEW if f.freshness_asked else 0)


def terms_are_accepted(f: Facts) -> Next | None:
    """A guest, and whom policy asks, accepted the terms of use in the version that is in force."""
    asked = "terms_of_use" in f.required
    if f.terms_accepted or not (asked or (f.terms is not None and f.kind is PersonKind.GUEST)):
        return None
    if f.terms is None:  # a policy asks for what is nowhere written: nobody can agree to it
        return Next(Step.DENY, "access_denied", "terms_of_use_missing", "policy_blocked")
    return Next(Step.TERMS, "interaction_required", f"the terms of use {f.terms} are not accepted yet")


def consent_is_given(f: Facts) -> Next | None:
    """A guest saw what this application learns and agreed; members' consent counts as given (HP-61)."""
    if f.application is None or f.consented_now:
        return None
    if f.ask_consent:
        return Next(Step.CONSENT, "consent_required", "prompt=consent asks again")
    if f.kind is PersonKind.MEMBER:
        return None
    if f.consented is None:
        return Next(Step.CONSENT, "consent_required", "no consent for this application yet")
    if not f.scopes <= f.consented:
        return Next(Step.CONSENT, "consent_required", "the application asks for more than was agreed to")
    return None


def proof_is_strong_enough(f: Facts) -> Next | None:
    """What was proven reaches what policy and application ask for: the partner is asked for more first, our own factor second."""
    reached, must, wanted = assurance.rank(f.acr), must_reach(f), _wanted(f)
    if reached >= wanted or (f.silent and reached >= must):
        return None
    reason = "the application would like more proof" if wanted > must else "more proof is needed than was given"
    if wanted == _MFA and f.may_step_up:
        return Next(Step.UPSTREAM, "interaction_required", reason, how="more")
    how = "passkey" if wanted > _MFA else "any"
    if "passkey" in f.factors or (f.factors and wanted == _MFA):
        return Next(Step.CHALLENGE, "interaction_required", reason, how=how)
    if wanted > must:
        return None
    return _before_adding(f) or Next(Step.ENROLL, "interaction_required", reason, how=how)


def wish_is_met(f: Facts) -> Next | None:
    """A login that is to add or change a method of the person has a fresh proof, and has added it (MF-07)."""
    if not f.wish or f.added:
        return None
    if f.wish == OwnPageIntent.PROVE:
        return _before_adding(f)
    return _before_adding(f) or Next(Step.ENROLL, "interaction_required", "a method is to be added", how=f.wish)


def asks_more_at_once(f: Facts) -> bool:
    """Whoever must prove himself anew at home, and needs more proof from there, does both in one visit (HO-15)."""
    own = any(proof.get("method") != Method.PARTNER for proof in f.proofs)
    return f.may_step_up and must_reach(f) == _MFA and not own


def must_reach(f: Facts) -> int:
    """The rank that policy, or an essential acr, insists on (Core 5.5.1.1)."""
    asked = [_MFA] * ("mfa" in f.required) + [_MFA + 1] * ("phishing_resistant_mfa" in f.required)
    return max([1, *asked, _lowest(f.acr_values) if f.acr_essential else 1])


def may_reach(f: Facts) -> int:
    """The rank that a voluntary acr would like: no refusal follows from it, and nobody has to add a method for it."""
    return must_reach(f) if f.declined else max(must_reach(f), _lowest(f.acr_values))


def _wanted(f: Facts) -> int:
    """What must be comes before what would be liked, but where one proof of the person's gives both, it is that one."""
    must, wish = must_reach(f), may_reach(f)
    return must if assurance.rank(f.acr) < must and "passkey" not in f.factors else wish


def is_only_wished_for(f: Facts) -> bool:
    """Whether more is asked for than must be: the person may go on without it (Core 5.5.1.1)."""
    return _wanted(f) > must_reach(f) and not f.wish


def _lowest(values: tuple[str, ...]) -> int:
    return min((rank for value in values if (rank := assurance.rank(value))), default=1)


def _before_adding(f: Facts) -> Next | None:
    """Who has a method proves themselves with one, and who has none at home, just before: or a thief adds their own."""
    if f.factors:
        if f.proven_at is not None and f.proven_at >= f.now - FRESH:
            return None
        return Next(Step.CHALLENGE, "interaction_required", "a method is added only after a fresh proof", how="any")
    answered = f.asserted_now and f.answered_anew  # HP-17: never asked twice; who never says when is believed to have asked
    if f.auth_time >= f.now - FRESH if f.auth_time is not None else answered:
        return _by_a_second_channel(f)
    if answered:
        return Next(Step.DENY, "login_required", "auth_time_too_old", "partner_failed")
    return Next(_proof(f), "interaction_required", "a method is added only after a fresh sign-in", how="anew")


def _by_a_second_channel(f: Facts) -> Next | None:
    """Who is known to have more than a password adds a first method here only with more than a password (FA-05)."""
    if f.second_channel == "mailbox":
        return Next(Step.CODE, "interaction_required", "a first method is added only with a code to the recorded mailbox")
    vouch = Next(Step.VOUCH, "interaction_required", "a first method is added only after somebody has vouched")
    return vouch if f.second_channel else None


GATES: tuple[Callable[[Facts], Next | None], ...] = (
    home_is_known,
    assertion_is_fresh,
    person_is_expected,
    person_is_bound,
    guest_is_active,
    access_is_assigned,
    policy_allows,
    terms_are_accepted,
    consent_is_given,
    proof_is_strong_enough,
    wish_is_met,
)
ISSUE = Next(Step.ISSUE)


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step, and every gate that was asked on the way to it (for the receipt)."""

    next: Next
    gate: str
    passed: tuple[str, ...]


def decide(facts: Facts) -> Decision:
    """Fold the gates; under prompt=none an interactive step becomes its OpenID Connect error (Core 3.1.2.6)."""
    passed: list[str] = []
    for gate in GATES:
        answer = gate(facts)
        if answer is not None:
            if facts.silent:
                answer = Next(Step.DENY, answer.error, answer.reason)
            return Decision(answer, gate.__name__, tuple(passed))
        passed.append(gate.__name__)
    return Decision(ISSUE, "", tuple(passed))
