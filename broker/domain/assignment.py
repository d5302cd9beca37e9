"""An assignment: a guest or a group may use an application, with or without a role, from and until a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Principal(StrEnum):
    """Who is assigned."""

    PERSON = "person"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One row. holder: the id of the person or group; name: current address of the person, or name of the group.

    role: one of the application's file, "" for access without a role. starts_at, ends_at: seconds since 1970, UTC; it is valid
    from its start on and no longer at its end (HT-12). None: no end.
    """

    id: str
    principal: Principal
    holder: str
    name: str
    application: str
    role: str
    starts_at: int
    ends_at: int | None = None

    def holds(self, now: int) -> bool:
        """Whether it gives access at `now`."""
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)

    def status(self, now: int) -> str:
        """`active`, `future` or `ended`."""
        return "active" if self.holds(now) else "future" if now < self.starts_at else "ended"
