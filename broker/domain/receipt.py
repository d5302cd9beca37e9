"""The explained record of one sign-in, also of a refused and an abandoned one (HT-19)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
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

    claimed: the address that was typed or that a partner sent, only where no person is known: personal data (FC-01).

    steps: what happened, in order: {"at", "step", "result", "reason", ...}. facts: what the gates saw.
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
    """Which receipts are looked for; None: all. reason: the receipt's, or the code of the page. since, until: seconds, until is left out.

    claimed: beside the person's own receipts, those of this address that nobody has proven.
    """

    person_id: str | None = None
    claimed: str | None = None
    partner: str | None = None
    application: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    since: int | None = None
    until: int | None = None


POLICIES = 50  # of one receipt, with their reasons; the rest are counted
_WEIGHT = ("blocked", "error", "required")


def bounded(results: Sequence[Mapping[str, str]]) -> tuple[tuple[Mapping[str, str], ...], dict[str, int]]:
    """What a receipt keeps of the policies' results, and how many of each result are left out.

    Where there are too many, those that count go before report-only ones, and what blocks or asks before what did not match.
    """
    if len(results) <= POLICIES:
        return tuple(results), {}

    def rank(result: Mapping[str, str]) -> tuple[bool, bool, int]:
        said = result["result"]
        weighs = said in _WEIGHT
        return not weighs, result["state"] == "report_only", _WEIGHT.index(said) if weighs else 0

    ordered = sorted(results, key=rank)
    return tuple(ordered[:POLICIES]), dict(Counter(result["result"] for result in ordered[POLICIES:]))
