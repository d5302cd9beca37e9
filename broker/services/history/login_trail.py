"""Extends the trail of a login, and writes the receipt that it becomes (HT-19). Nothing else reads a trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from broker.domain.facts import Facts
from broker.domain.gates import Decision
from broker.domain.login import Login
from broker.domain.receipt import Outcome, Receipt, bounded
from broker.domain.trail import TrailEntry
from broker.services.addresses import canonical
from broker.storage.engine import Connection
from broker.storage.login import receipts

_MAX = 60  # entries; a longer trail keeps its first and its last ones


def longer(login: Login, *entries: TrailEntry) -> list[Mapping[str, object]]:
    """The login's trail with more entries, as it is stored."""
    trail = [*login.trail, *(one.to_json() for one in entries)]
    return trail if len(trail) <= _MAX else [*trail[: _MAX // 2], *trail[-_MAX // 2 :]]


def last(login: Login) -> tuple[str, str]:
    """Step and result of the newest entry, for the words of a receipt."""
    newest = login.trail[-1] if login.trail else {}
    return str(newest.get("step", "")), str(newest.get("result", ""))


def gates_of(decision: Decision) -> list[dict[str, str]]:
    """Each gate that was asked, and its answer."""
    asked = [{"gate": name, "result": "passed"} for name in decision.passed]
    if decision.gate:
        asked.append({"gate": decision.gate, "result": str(decision.next.step), "reason": decision.next.reason})
    return asked


def write(
    tx: Connection,
    login: Login,
    trail: Sequence[Mapping[str, object]],
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
    """Saves the receipt of a login: one row for each login, and a later end replaces an earlier one."""
    policies, left_out = bounded(facts.policy.results if facts else ())
    receipts.save(
        tx,
        Receipt(
            id=login.id,
            request_id=login.reference,
            at=now,
            outcome=outcome,
            person_id=person_id,
            application=application_of(login),
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


def application_of(login: Login) -> str | None:
    """The application that the login is for: it asked, or the person signs up for it."""
    if login.request is not None:
        return login.request.client_id
    return login.sign_up.application if login.sign_up is not None else None


def claimed(login: Login) -> str | None:
    """The address that the partner asserted, else the one that the person typed, so that support can find a refusal (FC-01)."""
    asserted = login.assertion.email if login.assertion is not None else None
    return canonical(asserted or login.login_hint or "")
