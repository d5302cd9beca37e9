"""A question by e-mail to the person responsible for a guest: asked once, answered once, by a button on the linked page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class QuestionKind(StrEnum):
    """What is asked."""

    RENEW = "renew"  # may the access go on?
    FACTOR_RESET = "factor_reset"  # is the phone lost?
    FIRST_METHOD = "first_method"  # may a first method be added? (FA-05)
    IDENTITY = "identity"  # is that still the same person? (FA-18)
    MISMATCH = "mismatch"  # was that the person who was invited?
    ACCESS = "access"  # may the person use an application? Asked of its owners


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One row; its ticket is stored as a hash only. Times: seconds since 1970, UTC.

    asked: the canonical address of the person who may answer. data: what the page shows and the answer needs, JSON only; a
    name that ends in `_at` is a time. answer: None while it is open, or after it expired. said: the fields that were filled
    in next to the button, field -> text; not stored.
    """

    id: str
    kind: QuestionKind
    person_id: str
    asked: str
    data: Mapping[str, object] = field(default_factory=dict)
    created_at: int
    expires_at: int
    answered_at: int | None = None
    answer: str | None = None
    said: Mapping[str, str] = field(default_factory=dict)

    def is_open(self, now: int) -> bool:
        """Neither answered nor expired; it expires at its end (HT-12)."""
        return self.answered_at is None and now < self.expires_at
