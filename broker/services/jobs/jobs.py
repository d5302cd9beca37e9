"""Jobs as staff see them: a list, one with its rows, and stop and continue."""

from __future__ import annotations

from collections.abc import Iterator

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Forbidden, NotFound
from broker.domain.ids import is_reference
from broker.domain.job import Job, JobKind, JobState, RowResult
from broker.services.authorization import Right, Rights, Role, rights_of_staff
from broker.services.core import Core
from broker.services.history import audit
from broker.services.jobs.rules import owner_of
from broker.services.jobs.views import JobPage, JobRowView, JobView
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.operations import jobs

EXPORT_PAGE = 1_000  # rows of one transaction of a download
_PAGE = 50


class Jobs:
    """Each member of staff sees their own jobs, who sees the audit all of them; only the owner and administrators change one."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def listed(self, actor: Actor, *, before: tuple[int, str] | None = None, limit: int = _PAGE) -> tuple[JobView, ...]:
        """A page of jobs, the newest first, behind the (created_at, id) `before`, without drafts. Raises Forbidden."""
        with self._db.read() as tx:
            rights = rights_of_staff(tx, self._settings(), actor, self._clock())
            owner = None if rights.may_everywhere(Right.SEE_AUDIT) else owner_of(actor)
            found = jobs.page(tx, owner=owner, before=before, limit=limit)
        return tuple(_view(actor, rights, one.job, one.owner_email) for one in found)

    def show(
        self, actor: Actor, job_id: str, *, kind: JobKind | None = None, result: RowResult | None = None, limit: int = _PAGE
    ) -> JobPage:
        """A job with its first rows. kind: for anything else there is none. result: only rows with it. Raises NotFound, Forbidden."""
        with self._db.read() as tx:
            rights, job = self._seen(tx, actor, job_id)
            if kind is not None and job.kind is not kind:
                raise NotFound(f"there is no job {job_id!r}", "job_unknown")
            rows = jobs.rows(tx, job.id, result=result, limit=limit)
            forecasts = jobs.forecasts(tx, job.id) if job.kind is JobKind.IMPORT else {}
            view = _view(actor, rights, job, self._address(tx, job))
        return JobPage(job=view, rows=tuple(JobRowView.of(one) for one in rows), forecasts=forecasts)

    def export(self, actor: Actor, job_id: str) -> Iterator[JobRowView]:
        """Every row, a page in memory at a time; the audit records it first. Raises NotFound, Forbidden."""
        now = self._clock()
        with self._db.write() as tx:
            job = self._seen(tx, actor, job_id)[1]
            audit.record(tx, Event(name="job.exported", actor=actor, target=job.id, data={"kind": job.kind.value}), now)
        return self._pages(job.id)

    def stop(self, actor: Actor, job_id: str) -> JobView:
        """Nothing further happens; what is done stays. Raises NotFound, Forbidden, Conflict (it does not run)."""
        return self._move(actor, job_id, JobState.RUNNING, JobState.STOPPED, "job.stopped")

    def resume(self, actor: Actor, job_id: str) -> JobView:
        """Continues a stopped job behind its last row. Raises NotFound, Forbidden, Conflict (it is not stopped)."""
        return self._move(actor, job_id, JobState.STOPPED, JobState.RUNNING, "job.continued")

    def _move(self, actor: Actor, job_id: str, before: JobState, after: JobState, name: str) -> JobView:
        now = self._clock()
        with self._db.write() as tx:
            rights, job = self._seen(tx, actor, job_id, lock=True)
            if not _may_change(actor, rights, job):
                raise Forbidden("only its owner and administrators may do that", "not_the_owner")
            if job.state is not before:
                raise Conflict(f"this job is {job.state}", "job_state")
            jobs.change(tx, job.id, state=after.value, problem="")
            audit.record(tx, Event(name=name, actor=actor, target=job.id, data={"settled": job.done + job.failed}), now)
            held = jobs.by_id(tx, job.id) or job
            return _view(actor, rights, held, self._address(tx, held))

    def _seen(self, tx: Connection, actor: Actor, job_id: str, *, lock: bool = False) -> tuple[Rights, Job]:
        """For whom a job is not, there is none (AD-01)."""
        rights = rights_of_staff(tx, self._settings(), actor, self._clock())
        job = jobs.by_id(tx, job_id, lock=lock) if is_reference(job_id) else None
        if job is None or not (_is_own(actor, job) or rights.may_everywhere(Right.SEE_AUDIT)):
            raise NotFound(f"there is no job {job_id!r}", "job_unknown")
        return rights, job

    @staticmethod
    def _address(tx: Connection, job: Job) -> str:
        person = people.by_id(tx, job.owner) if job.owner_kind == "person" else None
        return person.email if person else ""

    def _pages(self, job_id: str) -> Iterator[JobRowView]:
        after = 0
        while True:
            with self._db.read() as tx:
                found = jobs.rows(tx, job_id, after=after, limit=EXPORT_PAGE)
            yield from (JobRowView.of(one) for one in found)
            if len(found) < EXPORT_PAGE:
                return
            after = found[-1].row.position


def _is_own(actor: Actor, job: Job) -> bool:
    return (job.owner_kind, job.owner) == owner_of(actor)


def _may_change(actor: Actor, rights: Rights, job: Job) -> bool:
    return _is_own(actor, job) or Role.ADMINISTRATOR in rights.roles


def _view(actor: Actor, rights: Rights, job: Job, owner_email: str) -> JobView:
    return JobView.of(job, owner_email, is_own=_is_own(actor, job), may_change=_may_change(actor, rights, job))
