"""What staff, the portal and programs see of sign-ins and of refused requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.domain.receipt import Outcome, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """One sign-in, or one refused request that belongs to no sign-in (then `id` is None). at: seconds since 1970, UTC.

    user: the address of the person now, or the one that somebody claimed; claimed: nobody has proven to own it. policies,
    steps, facts: JSON, as saved. sent, registered: what an application sent, and what its file has instead.
    """

    id: str | None
    request_id: str
    at: int
    user: str | None
    claimed: bool
    person_id: str | None
    application: str | None
    partner: str | None
    outcome: Outcome
    error: str | None
    reason: str
    policies: tuple[Mapping[str, Any], ...]
    steps: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, Any]
    address: str
    config: str
    sent: str | None = None
    registered: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON object; only refused requests have `sent` and `registered`."""
        values = {name: getattr(self, name) for name in self.__slots__ if name not in ("sent", "registered")}
        values |= {
            "outcome": self.outcome.value,
            "policies": [dict(policy) for policy in self.policies],
            "steps": [dict(step) for step in self.steps],
            "facts": dict(self.facts),
        }
        return values if self.id is not None else values | {"sent": self.sent, "registered": list(self.registered)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """One event of the audit. actor: the address of the person who acted, the application, or "" for commands and our own jobs. subject:
    the address of the person whom it concerns, or their id if they are deleted. seq: its number in the chain; None while it waits for one.
    actor_id, subject_id: of the same two, "" where there is none.
    """

    id: str
    at: int
    name: str
    actor_kind: str
    actor: str
    subject: str
    target: str
    reason: str
    request_id: str
    data: Mapping[str, Any]
    seq: int | None
    actor_id: str = ""
    subject_id: str = ""


def sign_in_view(receipt: Receipt, email: str | None) -> SignInView:
    """The view of a receipt. email: of the person now."""
    return SignInView(
        id=receipt.id,
        request_id=receipt.request_id,
        at=receipt.at,
        user=email or receipt.claimed,
        claimed=email is None and receipt.claimed is not None,
        person_id=receipt.person_id,
        application=receipt.application,
        partner=receipt.partner,
        outcome=receipt.outcome,
        error=receipt.error,
        reason=receipt.reason,
        policies=receipt.policies,
        steps=receipt.steps,
        facts=receipt.facts,
        address=receipt.address,
        config=receipt.config,
    )


def refusal_view(refusal: Mapping[str, Any]) -> SignInView:
    """The view of a refused request."""
    facts = refusal["facts"] or {}
    return SignInView(
        id=None,
        request_id=refusal["request_id"],
        at=refusal["at"],
        user=None,
        claimed=False,
        person_id=None,
        application=refusal["application"],
        partner=None,
        outcome=Outcome.FAILED,
        error=refusal["code"],
        reason=refusal["reason"],
        policies=(),
        steps=(),
        facts={},
        address=refusal["address"],
        config="",
        sent=facts.get("sent"),
        registered=tuple(facts.get("registered", ())),
    )
