"""Carries jobs out, some rows a transaction: each row gets its result in the transaction that does its act.

So a batch that is run twice finds its rows settled, and a process that is killed loses the batch under way and nothing else. One node
works at a job at a time: it holds the job's lease, and the job's row within the batch. A right that the owner loses stops the job (SC-06).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from broker.domain.audit import Actor, Event
from broker.domain.errors import CommandError, Unavailable
from broker.domain.job import Job, JobRow, JobState, RowResult
from broker.services.authorization import rights_of
from broker.services.core import Core
from broker.services.history import audit
from broker.services.jobs.row_acts import Doing, RowActs
from broker.services.jobs.rules import RIGHTS, actor_of
from broker.storage.engine import Connection, savepoint
from broker.storage.operations import jobs, rate_limits

TOGETHER = 25  # rows of one transaction: their people wait for it
LEASE = 60  # seconds after which another node continues the job of one that is gone
SOME = 20  # jobs that one look continues

_log = logging.getLogger(__name__)


class JobBatches:
    """One batch of each job a look; what is left is the next look's."""

    def __init__(self, core: Core, row_acts: RowActs, holder: Callable[[], str]) -> None:
        """holder: the name of this process, in leases."""
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._acts = row_acts
        self._holder = holder

    def look(self) -> bool:
        """A batch of each running job; whether there is more to do here. One reading statement where nothing runs."""
        with self._db.read() as tx:
            waiting = jobs.running(tx, SOME)
        more = [self.batch(job_id) for job_id in waiting]  # each gets its batch, whatever the others say
        return any(more)

    def batch(self, job_id: str) -> bool:
        """A batch of one job; whether there is more to do here. Raises Unavailable."""
        try:
            return self._some(job_id, TOGETHER)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours at one guest does not hold up the others
            _log.warning("job.batch_failed job=%s error=%s", job_id, type(error).__name__)  # its text may hold values (LP-01)
        try:
            return self._some(job_id, 1)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - logged above
            return self._some(job_id, 1, skip=True)

    def _some(self, job_id: str, count: int, *, skip: bool = False) -> bool:
        """skip: the rows fail, and nothing is tried."""
        now = self._clock()
        with self._db.write() as tx:
            job = jobs.hold(tx, job_id)
            if job is None or job.state is not JobState.RUNNING:
                return False
            if not rate_limits.take_lease(tx, f"job:{job.id}", self._holder(), now, LEASE):
                return False
            actor = actor_of(job)
            rights = rights_of(tx, self._settings(), actor, now)
            if not rights.may(RIGHTS[job.kind]):
                jobs.change(tx, job.id, state=JobState.STOPPED.value, problem="no_right")
                self._tell(tx, job, "job.stopped", now, reason="no_right")
                return False
            rows = jobs.waiting(tx, job.id, job.cursor, count)
            doing = self._acts.doing(job, actor, rights, now)
            settled = [_failed(row, "error") if skip else self._row(tx, doing, row) for row in rows]
            return self._settle(tx, job, settled, now, is_last=len(rows) < count)

    def _row(self, tx: Connection, doing: Doing, row: JobRow) -> JobRow:
        """A refusal undoes what its row wrote, and no more."""
        if row.forecast is RowResult.FAILED:
            return replace(row, result=RowResult.FAILED)
        try:
            with savepoint(tx):
                return self._acts.carry_out(tx, doing, row)
        except CommandError as error:
            return _failed(row, error.reason)

    def _settle(self, tx: Connection, job: Job, settled: list[JobRow], now: int, *, is_last: bool) -> bool:
        failed = sum(one.result is RowResult.FAILED for one in settled)
        after = replace(
            job,
            cursor=settled[-1].position if settled else job.cursor,
            done=job.done + len(settled) - failed,
            failed=job.failed + failed,
        )
        if settled:
            jobs.settle(tx, job.id, settled)
        values = {"cursor": after.cursor, "done": after.done, "failed": after.failed}
        if is_last:
            jobs.change(tx, job.id, **values, state=JobState.DONE.value, ended_at=now)
            self._tell(tx, after, "job.ended", now)
        else:
            jobs.change(tx, job.id, **values)
        return not is_last

    @staticmethod
    def _tell(tx: Connection, job: Job, name: str, now: int, reason: str = "") -> None:
        data = {"kind": job.kind.value, "done": job.done, "failed": job.failed}
        audit.record(tx, Event(name=name, actor=Actor.system(), target=job.id, data=data, reason=reason), now)


def _failed(row: JobRow, reason: str) -> JobRow:
    return replace(row, result=RowResult.FAILED, problem=reason)
