"""The connector of an application: its own service decides about a sign-up or a redemption, once a step of a login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

MOST = 10  # answers of one login: corrections and failures
PAUSE = 5  # seconds after a failure in which nothing is asked


class ConnectorStep(StrEnum):
    """At which step it is asked; files and requests have these words."""

    SIGN_UP = "sign_up"
    REDEMPTION = "redemption"


class ConnectorOutcome(StrEnum):
    """What it answered. INVALID: the form has to be corrected. FAILED: no answer that can be used, which denies."""

    CONTINUE = "continue"
    BLOCK = "block"
    INVALID = "invalid"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorProgress:
    """What a login knows of it. mark: of step, application and identity that it was asked about: an answer counts for no other.

    tries: so many answers were used up. asked_at: seconds. outcome: of `ConnectorOutcome`, "" while it is asked. message: of its answer, for
    the person. wrong_field: of the form, where it refused one. attributes: that it adds, by name of the closed list.
    """

    mark: str = ""
    tries: int = 0
    asked_at: int = 0
    outcome: str = ""
    message: str = ""
    wrong_field: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def answer_for(self, mark: str, now: int) -> str:
        """The outcome that counts for a step and an identity now; "" if it is to be asked."""
        over = self.outcome == ConnectorOutcome.FAILED and now >= self.asked_at + PAUSE
        return "" if self.mark != mark or over else self.outcome

    def added_for(self, mark: str) -> Mapping[str, str]:
        """The attributes that an answer to this question adds."""
        return self.attributes if self.mark == mark else {}

    def asked(self, mark: str, now: int) -> ConnectorProgress:
        """While it is asked."""
        return ConnectorProgress(mark=mark, tries=self.tries, asked_at=now)

    def voided(self) -> ConnectorProgress:
        """After a corrected form or another account: the answer counts no more, and a late one is not taken."""
        if not self.mark:
            return self
        return replace(self, mark="", outcome="", tries=self.tries + 1)

    @classmethod
    def from_json(cls, values: Mapping[str, Any] | None) -> ConnectorProgress:
        """Of the login's row."""
        return cls(**values) if values else cls()
