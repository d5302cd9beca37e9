"""The first administrator signs in by a link that the command line prints, before there is a partner for staff."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.times import HOUR

PARTNER = "admin-link"  # names these sign-ins where a partner's id would stand; no partner's file can have this name
LIFETIME = HOUR  # seconds that a link is good for


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministratorLink:
    """One row; its ticket is stored as a hash only. email: an address under `administrators:` when it was made."""

    id: str
    email: str
    created_at: int
    expires_at: int
    spent_at: int | None = None
