"""The trail of a login, and the receipt that it becomes: which step, which result, why (HT-19). Nothing is decided by it."""

from __future__ import annotations

from typing import Any

from broker.domain.facts import Facts
from broker.domain.gates import Decision
from broker.domain.login import Login
from broker.domain.receipt import Outcome, Receipt, bounded
from broker.services.addresses import canonical
from broker.storage.engine import Connection
from broker.storage.login import receipts

_MAX = 60  # entries: a login that goes round more often keeps its first and its last ones


def entry(now: int, step: str, result: str, reason: str = "", **more: Any) -> dict[str, Any]:
    """One entry of a trail: ids, names and words, no values."""
    return {"at": now, "step": step, "result": result, "reason": reason, **{k: v for k, v in more.items() if v}}


def longer(login: Login, *entries: dict[str, Any]) -> list[Any]:
    """The login's trail with entries behind it."""
    trail = [*login.trail, *entries]
    return trail if len(trail) <= _MAX else [*trail[: _MAX // 2], *trail[-_MAX // 2 :]]


def gates_of(decision: Decision) -> list[dict[str, str]]:
    """Each gate that was asked, and what it said."""
    asked = [{"gate": name, "result": "passed"} for name in decision.passed]
    if decision.gate:
        asked.append({"gate": decision.gate, "result": str(decision.next.step), "reason": decision.next.reason})
    return asked


def write(
    tx: Connection,
    login: Login,
    trail: list[Any],
    *,
    now: int,
    outcome: Outcome,
    config: str,
    address: str,
    error: str | None = None,
    reason: str = "",
    person_id: str | None = None,
    partner: str | None = None,
    facts: Facts | None = None,
) -> None:
    """Save the receipt of a login: one row a login, the newest end wins."""
    policies, left_out = bounded(facts.policy.results if facts else ())
    receipts.save(
        tx,
        Receipt(
            id=login.id,
            request_id=login.reference,
            at=now,
            outcome=outcome,
            person_id=person_id,
            application=login.request.client_id if login.request else None,
            partner=partner or login.partner,
            error=error,
            reason=reason,
            policies=policies,
            steps=tuple(trail),
            facts=(facts.recorded() | ({"policies_left_out": left_out} if left_out else {})) if facts else {},
            address=address,
            config=config,
            claimed=None if person_id else claimed(login),
        ),
    )


def claimed(login: Login) -> str | None:
    """The address that the partner sent, else the one that was typed: so that help desks find who was refused (FC-01)."""
    said = login.assertion.email if login.assertion is not None else None
    return canonical(said or login.login_hint or "")
