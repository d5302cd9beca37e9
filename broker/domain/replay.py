"""Policy replay: a past sign-in under the current policies, and the difference to what happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from broker.domain.policy import Circumstances, Policy, Rulebook, unmet
from broker.domain.policy_decision import judge

SIGN_IN = "sign_in"  # in addition to the words of grant.require: the person has to sign in again


class ReplayChange(StrEnum):
    """What the current policies would change for a past sign-in."""

    NEWLY_BLOCKED = "newly_blocked"
    NEWLY_ASKED = "newly_asked"
    FREED = "freed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSignIn:
    """A past sign-in in which policies were evaluated, with what they read then.

    receipt: its reference. person: an id, or a pseudonym. proof_age: the age in seconds of the home organization's
    sign-in, None if unknown. blocked: a policy blocked it, or could not be evaluated. policies: the ids of those that blocked or
    required something. required: what they required.
    """

    receipt: str
    at: int
    person: str
    circumstances: Circumstances
    acr: str
    proof_age: int | None = None
    terms_accepted: bool = False
    blocked: bool = False
    required: frozenset[str] = frozenset()
    policies: tuple[str, ...] = ()


class ReplayFinding(NamedTuple):
    """One change. asked: the new requirements. policies: the ids of those that cause it. reasons: in plain language."""

    change: ReplayChange
    asked: tuple[str, ...]
    policies: tuple[str, ...]
    reasons: tuple[str, ...]


def compare(book: Rulebook, past: PastSignIn) -> ReplayFinding | None:
    """The difference under these policies, None without one. The facts are the recorded ones; only the policies are new."""
    verdict = judge(book, past.circumstances)
    counted = [r for r in verdict.results if r.state != "report_only" and r.result != "not_matched"]
    if verdict.refusal is not None:
        if past.blocked:
            return None
        blocking = [r for r in counted if r.result != "required"]
        return ReplayFinding(
            ReplayChange.NEWLY_BLOCKED, (), tuple(r.id for r in blocking), tuple(f"{r.id}: {r.reason}" for r in blocking)
        )
    if past.blocked:
        return ReplayFinding(ReplayChange.FREED, (), past.policies, ("no policy blocks it any more",))
    asked = set(unmet(verdict.require, acr=past.acr, terms_accepted=past.terms_accepted)) - past.required
    if _is_over(past, verdict.sign_in_frequency):
        asked.add(SIGN_IN)
    if asked:
        asking = [r for r in counted if asked & _asks(book.by_id[r.id].policy, past)]
        reasons = tuple(f"{r.id}: {r.reason}" for r in asking)
        return ReplayFinding(ReplayChange.NEWLY_ASKED, tuple(sorted(asked)), tuple(r.id for r in asking), reasons)
    freed = past.required - verdict.require
    return ReplayFinding(ReplayChange.FREED, tuple(sorted(freed)), past.policies, ("no longer asked for",)) if freed else None


def _asks(policy: Policy, past: PastSignIn) -> frozenset[str]:
    return policy.require | {SIGN_IN} if _is_over(past, policy.sign_in_frequency) else policy.require


def _is_over(past: PastSignIn, frequency: int | None) -> bool:
    return frequency is not None and (past.proof_age is None or past.proof_age >= frequency)
