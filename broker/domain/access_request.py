"""An access request: a person asks for an application; an owner approves or refuses it, or it expires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RequestState(StrEnum):
    """Where a request stands. Only an open one can change, and it changes once."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by the person who asked
    EXPIRED = "expired"  # nobody answered in time


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """One row. Times: seconds since 1970, UTC.

    role: the role that approval gives, "" for plain access. reason: the words of the person who asks. signed_up:
    asked on the sign-up page, by a person without access. attributes: what that page asked for. wanted_until: the end
    that they ask for, None for no end of its own. ends_at: the end that approval gave. decided_by: the kind of actor, or the
    id of the person who decided. answer: the words of the person who decided.
    """

    id: str
    person_id: str
    application: str
    role: str = ""
    reason: str = ""
    signed_up: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    wanted_until: int | None = None
    state: RequestState = RequestState.OPEN
    created_at: int = 0
    expires_at: int = 0
    decided_at: int | None = None
    decided_by: str = ""
    ends_at: int | None = None
    answer: str = ""

    def is_open(self, now: int) -> bool:
        """Whether it can still be answered; it is over at its instant (HT-12)."""
        return self.state is RequestState.OPEN and now < self.expires_at
