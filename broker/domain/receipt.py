"""The explained record of one sign-in, also of a refused and an abandoned one (HT-19)."""

from __future__ import annotations

from collections.abc import Mapping
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
