"""Jobs: work on many guests that outlives a request. The rows of a job are frozen when it is made; batches settle them in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobKind(StrEnum):
    """What a job does with each of its rows; the audit and the addresses of pages have these words."""

    IMPORT = "import"
    RENEW = "renew"
    RESEND = "resend"
    SIGN_OUT = "sign-out"
    UNASSIGN = "unassign"
    UNGROUP = "ungroup"
    BLOCK = "block"
    UNBLOCK = "unblock"
    DELETE = "delete"


class JobState(StrEnum):
    """A draft waits for its owner to confirm it; a stopped job can be continued."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class RowResult(StrEnum):
    """What became of a row, or would: the first four are of an import, `done` is of every act."""

    INVITED = "invited"
    AGAIN = "again"  # a guest gets a new link in place of the old one
    KEPT = "kept"  # the guest has the same invitation
    ADDED = "added"  # the guest has access here already: no invitation is needed
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """owner_kind, owner: the actor who made it. cursor: the position of the last settled row. done, failed: counts of settled rows.

    terms: what holds for every row, such as the new end of access. reason: a person's words, for the audit. problem: why the broker
    stopped it, "" where nobody did or a person did. Times: seconds since 1970, UTC.
    """

    id: str
    kind: JobKind
    state: JobState
    owner_kind: str
    owner: str
    created_at: int
    begun_at: int | None = None
    ended_at: int | None = None
    total: int = 0
    cursor: int = 0
    done: int = 0
    failed: int = 0
    terms: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One guest of a job. position: the line of the file in an import. email, cells: of an import. problem: the reason of a refusal.

    forecast: what would happen, found when the file was read; a row that fails there is never carried out. result: None until it is settled.
    """

    position: int
    person_id: str | None = None
    email: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    forecast: RowResult | None = None
    result: RowResult | None = None
    problem: str = ""
