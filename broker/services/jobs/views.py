"""What staff see of jobs: frozen views, made in the transaction that read the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from broker.domain.job import Job, JobKind, JobState, RowResult
from broker.storage.operations.jobs import NamedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job. owner: an address, or how the command line is called. done, failed: settled rows. problem: why the broker stopped it.

    is_own: this actor made it. may_change: this actor may stop and continue it. Times: seconds since 1970, UTC.
    """

    id: str
    kind: JobKind
    state: JobState
    owner: str
    created_at: int
    begun_at: int | None
    ended_at: int | None
    total: int
    done: int
    failed: int
    terms: Mapping[str, Any]
    reason: str
    problem: str
    is_own: bool
    may_change: bool

    @property
    def settled(self) -> int:
        """How many rows have a result."""
        return self.done + self.failed

    @classmethod
    def of(cls, job: Job, owner_email: str, *, is_own: bool, may_change: bool) -> Self:
        """The view for one actor."""
        return cls(
            id=job.id,
            kind=job.kind,
            state=job.state,
            owner=owner_email or (job.owner if job.owner_kind == "command" else ""),
            created_at=job.created_at,
            begun_at=job.begun_at,
            ended_at=job.ended_at,
            total=job.total,
            done=job.done,
            failed=job.failed,
            terms=dict(job.terms),
            reason=job.reason,
            problem=job.problem,
            is_own=is_own,
            may_change=may_change,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRowView:
    """One row. line: of the file in an import, else its place. guest_id "": the guest is not known yet. cells: of the file."""

    line: int
    guest_id: str
    email: str
    cells: Mapping[str, str]
    forecast: RowResult | None
    result: RowResult | None
    problem: str

    @classmethod
    def of(cls, found: NamedRow) -> Self:
        """The view of a row."""
        row = found.row
        return cls(
            line=row.position,
            guest_id=row.person_id or "",
            email=found.email,
            cells=dict(row.cells),
            forecast=row.forecast,
            result=row.result,
            problem=row.problem,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """One job with some of its rows. forecasts: of an import, how many rows have which."""

    job: JobView
    rows: tuple[JobRowView, ...]
    forecasts: Mapping[RowResult, int]
