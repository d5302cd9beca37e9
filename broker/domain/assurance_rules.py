"""How strong a login's proof must be, and how strong the application would like it: ranks of acr (domain/assurance.py)."""

from __future__ import annotations

from broker.domain import assurance
from broker.domain.factor import Method
from broker.domain.facts import Facts
from broker.domain.login import OwnPageIntent
from broker.domain.policy import Requirement

MFA_RANK = assurance.rank(assurance.MFA)
_PHISHING_RESISTANT_RANK = assurance.rank(assurance.PHISHING_RESISTANT)


def required_rank(f: Facts) -> int:
    """The rank that policies, or an acr that the application calls essential, require (Core 5.5.1.1)."""
    by_policy = [MFA_RANK] * (Requirement.MFA in f.policy.required) + [_PHISHING_RESISTANT_RANK] * (
        Requirement.PHISHING_RESISTANT in f.policy.required
    )
    return max([1, *by_policy, _lowest(f.request.acr_values) if f.request.acr_essential else 1])


def desired_rank(f: Facts) -> int:
    """The rank that the application would like with a voluntary acr. Missing it denies nothing and adds no method."""
    return required_rank(f) if f.factors.went_without else max(required_rank(f), _lowest(f.request.acr_values))


def next_rank(f: Facts) -> int:
    """The rank to ask for next: the required one first, unless one proof of the person's passkey gives both."""
    required, desired = required_rank(f), desired_rank(f)
    return required if assurance.rank(f.factors.acr) < required and "passkey" not in f.factors.methods else desired


def is_voluntary(f: Facts) -> bool:
    """Whether the proof that is asked for next is more than the required one: the person may continue without it (Core 5.5.1.1)."""
    return next_rank(f) > required_rank(f) and f.factors.own_page_intent in ("", OwnPageIntent.OFFER)


def is_offered(f: Facts) -> bool:
    """Whether a passkey is only offered: nothing requires it in this login, and the person wanted it for the next sign-in."""
    return f.factors.own_page_intent == OwnPageIntent.OFFER and assurance.rank(f.factors.acr) >= required_rank(f)


def asks_partner_for_both(f: Facts) -> bool:
    """Whether one visit to the partner gives the fresh sign-in and the additional proof (HO-15)."""
    own = any(proof.get("method") != Method.PARTNER for proof in f.factors.proofs)
    return f.partner.may_step_up and required_rank(f) == MFA_RANK and not own


def _lowest(acr_values: tuple[str, ...]) -> int:
    return min((rank for value in acr_values if (rank := assurance.rank(value))), default=1)
