"""An invitation: one valid link for one address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The states of an invitation, as commands show them."""

    PENDING = "pending"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One row. `status` is the stored one; `status_at` also knows that it expired.

    inviter: the name that the guest sees. invited_by: the id of the member whose right to invite it depends on; None if the
    command line or an application invited (IN-10).
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
        """PENDING becomes EXPIRED at its end."""
        return Status.EXPIRED if self.status is Status.PENDING and now >= self.expires_at else self.status
