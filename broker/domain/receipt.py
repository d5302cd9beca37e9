"""The explained record of one sign-in, also of a refused and an abandoned one (HT-19)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class Outcome(StrEnum):
    """How the sign-in ended."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Ids, times, acr and amr, reasons; no attribute value. `request_id` is the reference on the guest's page.

    steps: the trail (domain/trail.py). facts: what the gates read (domain/facts.py). claimed: the address that a person typed or
    a partner sent, only if the person is unknown; personal data (FC-01).
    """

    id: str
    request_id: str
    at: int
    outcome: Outcome
    person_id: str | None = None
    application: str | None = None
    partner: str | None = None
    error: str | None = None
    reason: str = ""
    policies: tuple[Mapping[str, Any], ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    config: str = ""
    claimed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for receipts; None matches all. reason: the receipt's reason or the page's code. since: included, until: excluded.

    claimed: in addition to the person's own receipts, those in which this address was claimed without proof. applications: only at
    one of these, for owners.
    """

    person_id: str | None = None
    claimed: str | None = None
    partner: str | None = None
    application: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    since: int | None = None
    until: int | None = None
    applications: frozenset[str] | None = None


class ReceiptSource(IntEnum):
    """The two logs of a list: sign-ins precede refused requests of the same second."""

    SIGN_IN = 0
    REFUSAL = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in a list, newest first. row: the receipt's id, or the refusal's reference."""

    at: int
    source: ReceiptSource
    row: str


POLICIES = 50  # of one receipt, with their reasons; the rest are counted
_WEIGHT = ("blocked", "error", "required")


def bounded(results: Sequence[Mapping[str, str]]) -> tuple[tuple[Mapping[str, str], ...], dict[str, int]]:
    """The policies' results that a receipt stores, and how many of each result are left out.

    If there are too many, policies in force precede report-only ones, and those that block or require precede the others.
    """
    if len(results) <= POLICIES:
        return tuple(results), {}

    def rank(result: Mapping[str, str]) -> tuple[bool, bool, int]:
        outcome = result["result"]
        weighs = outcome in _WEIGHT
        return not weighs, result["state"] == "report_only", _WEIGHT.index(outcome) if weighs else 0

    ordered = sorted(results, key=rank)
    return tuple(ordered[:POLICIES]), dict(Counter(result["result"] for result in ordered[POLICIES:]))
