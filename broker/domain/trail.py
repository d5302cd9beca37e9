"""The trail of a login: what happened in it, in order, for its receipt (HT-19). Nothing is decided by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class TrailStep(StrEnum):
    """What an entry is about; receipts store these words."""

    STARTED = "started"
    STARTED_OVER = "started_over"
    HOME = "home"
    UPSTREAM = "upstream"
    CODE = "code"
    PASSKEY = "passkey"
    MOVED = "moved"
    GROUPS = "groups"
    REDEEM = "redeem"
    SIGN_UP = "sign_up"
    CONNECTOR = "connector"
    TERMS = "terms"
    CONSENT = "consent"
    CHALLENGE = "challenge"
    ENROLL = "enroll"
    ISSUED = "issued"
    DENIED = "denied"
    GIVEN_UP = "given_up"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One event. result, reason: words. details: ids, names and words, no values of attributes."""

    at: int
    step: TrailStep
    result: str
    reason: str
    details: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        """As the login and its receipt store it, without empty details."""
        stored = {name: value for name, value in self.details.items() if value}
        return {"at": self.at, "step": self.step.value, "result": self.result, "reason": self.reason, **stored}


def entry(at: int, step: TrailStep, result: str, reason: str = "", **details: object) -> TrailEntry:
    """An entry with its details by name."""
    return TrailEntry(at, step, result, reason, details)
