"""What holds for every job: which right it needs, who acts in it, and how it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from broker.domain.audit import Actor, ActorKind, Event
from broker.domain.errors import Conflict
from broker.domain.job import Job, JobKind, JobState
from broker.services.authorization import Right
from broker.services.history import audit
from broker.storage.engine import Connection
from broker.storage.operations import jobs

RIGHTS: Mapping[JobKind, Right] = {
    JobKind.IMPORT: Right.INVITE,
    JobKind.RENEW: Right.RENEW,
    JobKind.RESEND: Right.RESEND,
    JobKind.SIGN_OUT: Right.SIGN_OUT,
    JobKind.UNASSIGN: Right.ASSIGN,
    JobKind.UNGROUP: Right.FILL_GROUPS,
    JobKind.BLOCK: Right.BLOCK,
    JobKind.UNBLOCK: Right.BLOCK,
    JobKind.DELETE: Right.DELETE,
}


def owner_of(actor: Actor) -> tuple[str, str]:
    """How a job names the actor who made it."""
    return actor.kind.value, actor.id


def actor_of(job: Job) -> Actor:
    """Who acts in a job: its owner. The job's id stands in the audit as the request of each act."""
    made = Actor.command(job.owner) if job.owner_kind == ActorKind.COMMAND.value else Actor.person(job.owner)
    return replace(made, request_id=job.id)


def begin(tx: Connection, actor: Actor, job: Job, now: int, *, terms: Mapping[str, Any], reason: str = "") -> None:
    """Let a draft run; the job is locked. Raises Conflict where it began already, so that two clicks begin one job."""
    if job.state is not JobState.DRAFT:
        raise Conflict("this job has begun already", "job_begun")
    jobs.change(tx, job.id, state=JobState.RUNNING.value, begun_at=now, terms=dict(terms), reason=reason)
    personal = {"reason": reason} if reason else {}
    data = {"kind": job.kind.value, "guests": job.total} | {name: value for name, value in terms.items() if value is not None}
    audit.record(tx, Event(name="job.started", actor=actor, target=job.id, data=data, personal=personal), now)
