"""A set-up link: a partner's IT enters how its people sign in, without an account here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST = 60  # days that a link is good for
USUAL = 14  # days, where nobody says otherwise


class SetupState(StrEnum):
    """Open: nothing was entered. Used: something was. Finished: handed over. Revoked and expired links open nothing."""

    OPEN = "open"
    USED = "used"
    FINISHED = "finished"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupLink:
    """One row; its ticket is stored as a hash only. Times: seconds since 1970, UTC.

    partner: the id that the file will have. name, domains: as the administrator expects them. email: where the link was sent, "" if
    nowhere. private: addresses of `network.allow_private_addresses` may be read for this link.
    """

    id: str
    partner: str
    name: str
    domains: tuple[str, ...]
    language: str
    email: str
    private: bool
    created_at: int
    expires_at: int
    revoked_at: int | None = None

    def state(self, now: int) -> SetupState:
        """What the link is at this moment."""
        if self.revoked_at is not None:
            return SetupState.REVOKED
        return SetupState.EXPIRED if self.expires_at <= now else SetupState.OPEN
