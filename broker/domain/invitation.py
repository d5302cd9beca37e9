"""An invitation: one living link for one address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What commands show."""

    PENDING = "pending"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One row. `status` is what was written; `status_at` is what holds at a time (an expiry needs no writer).

    inviter: who is named to the guest. invited_by: the id of the member whose right it stands on; None: the command line
    or an application invited, and there is no right to lose (IN-10).
    """

    id: str
    person_id: str
    email: str
    status: Status
    redirect_url: str
    application: str | None
    language: str
    message: str
    inviter: str
    created_at: int
    expires_at: int
    redeemed_at: int | None = None
    invited_by: str | None = None

    def status_at(self, now: int) -> Status:
        """PENDING becomes EXPIRED at its instant."""
        return Status.EXPIRED if self.status is Status.PENDING and now >= self.expires_at else self.status
