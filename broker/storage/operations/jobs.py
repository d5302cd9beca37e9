"""Jobs and their rows. The node that continues a job holds its row, so that two nodes never do the same batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from broker.domain.job import Job, JobKind, JobRow, JobState, RowResult
from broker.storage.batches import BATCH, delete_some
from broker.storage.directory import staff_pages
from broker.storage.directory.staff_pages import GuestSearch
from broker.storage.tables import job_rows, jobs, people

_J, _R = jobs.c, job_rows.c
_PLAIN = (
    "id", "owner_kind", "owner", "created_at", "begun_at", "ended_at", "total", "cursor", "done", "failed", "terms", "reason", "problem",
)  # fmt: skip
_NEWEST = (2**62, "")  # behind every job
_SETTLE = (
    update(job_rows)
    .where(_R.job_id == bindparam("of_job"), _R.position == bindparam("at"))
    .values(result=bindparam("said"), problem=bindparam("because"), person_id=bindparam("person"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedJob:
    """A job, and the address of the member who owns it; "" for the command line and for a member who is deleted."""

    job: Job
    owner_email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRow:
    """A row, and the guest's address: of the file in an import, else as it is now."""

    row: JobRow
    email: str


def _job(row: Row[Any]) -> Job:
    m = row._mapping
    return Job(**{name: m[name] for name in _PLAIN}, kind=JobKind(m["kind"]), state=JobState(m["state"]))


def _row(row: Row[Any]) -> JobRow:
    return JobRow(
        position=row.position,
        person_id=row.person_id,
        email=row.email or "",
        cells=row.cells or {},
        forecast=RowResult(row.forecast) if row.forecast else None,
        result=RowResult(row.result) if row.result else None,
        problem=row.problem,
    )


def add(tx: Connection, job: Job) -> None:
    """Insert a job without rows."""
    values = {name: getattr(job, name) for name in _PLAIN} | {"kind": job.kind.value, "state": job.state.value}
    tx.execute(insert(jobs).values(**values | {"terms": dict(job.terms)}))


def add_rows(tx: Connection, job_id: str, rows: Sequence[JobRow]) -> None:
    """Insert the rows of an import."""
    if not rows:
        return
    values = [
        {
            "job_id": job_id,
            "position": one.position,
            "email": one.email,
            "cells": dict(one.cells),
            "forecast": one.forecast.value if one.forecast else None,
            "problem": one.problem,
        }
        for one in rows
    ]
    tx.execute(insert(job_rows), values)


def found(tx: Connection, wanted: GuestSearch, most: int) -> list[str]:
    """The ids of the guests that a search finds now, in their order, at most so many. One statement."""
    return sorted(str(one) for one in tx.execute(staff_pages.ids(wanted).limit(most)).scalars())


def add_chosen(tx: Connection, job_id: str, first: int, ids: Sequence[str]) -> None:
    """Insert a row for each guest, from a position on."""
    rows = [{"job_id": job_id, "position": at, "person_id": one} for at, one in enumerate(ids, first)]
    tx.execute(insert(job_rows), rows)


def by_id(tx: Connection, job_id: str, *, lock: bool = False) -> Job | None:
    """The job with this id. lock: nobody else changes or continues it until the transaction ends."""
    statement = select(jobs).where(_J.id == job_id)
    row = tx.execute(statement.with_for_update() if lock else statement).first()
    return _job(row) if row else None


def hold(tx: Connection, job_id: str) -> Job | None:
    """The same for a batch; None while another transaction holds it."""
    row = tx.execute(select(jobs).where(_J.id == job_id).with_for_update(skip_locked=True)).first()
    return _job(row) if row else None


def change(tx: Connection, job_id: str, **values: Any) -> None:
    """Set columns of a job."""
    tx.execute(update(jobs).where(_J.id == job_id).values(**values))


def running(tx: Connection, limit: int) -> list[str]:
    """The jobs that run now, the oldest first: their ids."""
    statement = select(_J.id).where(_J.state == JobState.RUNNING.value).order_by(_J.created_at, _J.id).limit(limit)
    return list(tx.execute(statement).scalars())


def page(tx: Connection, *, owner: tuple[str, str] | None, before: tuple[int, str] | None = None, limit: int) -> list[NamedJob]:
    """Jobs that were begun, the newest first, behind the (created_at, id) `before`. owner: (kind, id), None: of everybody."""
    statement = select(jobs, people.c.email).join(people, people.c.id == _J.owner, isouter=True)
    statement = statement.where(_J.state != JobState.DRAFT.value)
    if owner is not None:
        statement = statement.where(_J.owner_kind == owner[0], _J.owner == owner[1])
    at, last = before or _NEWEST
    statement = statement.where(_J.created_at <= at, or_(_J.created_at < at, _J.id < last))
    rows = tx.execute(statement.order_by(_J.created_at.desc(), _J.id.desc()).limit(limit))
    return [NamedJob(job=_job(row), owner_email=row.email or "") for row in rows]


def waiting(tx: Connection, job_id: str, after: int, limit: int) -> list[JobRow]:
    """The next rows of a job that are to be carried out, behind a position."""
    statement = select(job_rows).where(_R.job_id == job_id, _R.position > after).order_by(_R.position).limit(limit)
    return [_row(row) for row in tx.execute(statement)]


def settle(tx: Connection, job_id: str, settled: Sequence[JobRow]) -> None:
    """Write the results of some rows. A row whose guest was deleted by its act is gone."""
    values = [
        {
            "of_job": job_id,
            "at": one.position,
            "said": one.result and one.result.value,
            "because": one.problem,
            "person": one.person_id,
        }
        for one in settled
    ]
    tx.execute(_SETTLE, values)


def rows(tx: Connection, job_id: str, *, after: int = 0, result: RowResult | None = None, limit: int) -> list[NamedRow]:
    """A page of the rows behind a position, in their order. result: only rows with it."""
    statement = select(job_rows, people.c.email.label("now_email")).join(people, people.c.id == _R.person_id, isouter=True)
    statement = statement.where(_R.job_id == job_id, _R.position > after)
    if result is not None:
        statement = statement.where(_R.result == result.value)
    found = tx.execute(statement.order_by(_R.position).limit(limit))
    return [NamedRow(row=_row(row), email=row.email or row.now_email or "") for row in found]


def forecasts(tx: Connection, job_id: str) -> dict[RowResult, int]:
    """How many rows of an import have which forecast."""
    statement = select(_R.forecast, func.count()).where(_R.job_id == job_id, _R.forecast.is_not(None)).group_by(_R.forecast)
    return {RowResult(row[0]): int(row[1]) for row in tx.execute(statement)}


def purge(tx: Connection, before: int, limit: int = BATCH, *, drafts_before: int) -> int:
    """Delete rows of jobs that were made before a time, and of older drafts, then the jobs without rows; the number of deleted rows."""
    over = or_(_J.created_at < before, (_J.created_at < drafts_before) & (_J.state == JobState.DRAFT.value))
    old = select(_J.id).where(_J.created_at < drafts_before, over, _J.state != JobState.RUNNING.value)
    ids = list(tx.execute(old.order_by(_J.created_at, _J.id).limit(20)).scalars())
    if not ids:
        return 0
    gone = delete_some(tx, job_rows, _R.job_id.in_(ids), _R.position, limit)
    if gone < limit:
        gone += delete_some(tx, jobs, _J.id.in_(ids), _J.created_at, limit)
    return gone
