"""Calls of the tables of jobs, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.domain.job import Job, JobKind, JobRow, JobState, RowResult
from broker.storage.operations import jobs
from tests.clock import START
from tests.storage.guest_calls import SEARCHES

JOB = Job(id="AAAA-BBBB-CCCC", kind=JobKind.BLOCK, state=JobState.RUNNING, owner_kind="person", owner="1", created_at=START)
ROW = JobRow(position=1, email="g@fabrikam.example", result=RowResult.DONE)

JOB_CALLS: dict[str, Callable[[Connection], object]] = {
    "operations.jobs.add": lambda tx: jobs.add(tx, JOB),
    "operations.jobs.add_rows": lambda tx: jobs.add_rows(tx, JOB.id, [ROW]),
    "operations.jobs.found": lambda tx: [jobs.found(tx, one, 50) for one in SEARCHES],
    "operations.jobs.add_chosen": lambda tx: jobs.add_chosen(tx, JOB.id, 1, ["1"]),
    "operations.jobs.by_id": lambda tx: [jobs.by_id(tx, JOB.id), jobs.by_id(tx, JOB.id, lock=True)],
    "operations.jobs.hold": lambda tx: jobs.hold(tx, JOB.id),
    "operations.jobs.change": lambda tx: jobs.change(tx, JOB.id, state=JobState.STOPPED.value),
    "operations.jobs.running": lambda tx: jobs.running(tx, 20),
    "operations.jobs.page": lambda tx: [
        jobs.page(tx, owner=owner, before=before, limit=50)
        for owner in (None, ("person", "1"))
        for before in (None, (START, JOB.id))
    ],
    "operations.jobs.waiting": lambda tx: jobs.waiting(tx, JOB.id, 0, 50),
    "operations.jobs.settle": lambda tx: jobs.settle(tx, JOB.id, [ROW]),
    "operations.jobs.rows": lambda tx: [
        jobs.rows(tx, JOB.id, after=5, result=result, limit=50) for result in (None, RowResult.FAILED)
    ],
    "operations.jobs.forecasts": lambda tx: jobs.forecasts(tx, JOB.id),
    "operations.jobs.purge": lambda tx: jobs.purge(tx, START, drafts_before=START),
}
