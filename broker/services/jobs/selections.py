"""Acts on many guests: a selection is frozen when it is made, so that who joins later is not in it; then its owner lets the act begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from broker.domain.audit import Actor
from broker.domain.errors import Invalid, NotFound
from broker.domain.ids import new_reference
from broker.domain.job import Job, JobKind, JobState
from broker.services.authorization import Right, Rights, require
from broker.services.core import Core
from broker.services.guests import acts
from broker.services.guests.staff_view import GuestSearch, reachable
from broker.services.guests.transitions import rules_of
from broker.services.history.reasons import checked_reason
from broker.services.jobs import rules
from broker.services.jobs.rules import RIGHTS, owner_of
from broker.services.lookup import group_named
from broker.storage.engine import Connection
from broker.storage.operations import jobs

MOST = 100_000  # guests of one job
TOGETHER = 2_000  # rows of one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ActTerms:
    """What holds for every guest of a selection. until: the new end of access. application: a client_id. group: a name or id."""

    reason: str = ""
    until: int | None = None
    application: str = ""
    group: str = ""


class GuestSelections:
    """Choose guests, and begin."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def choose(self, actor: Actor, kind: JobKind, wanted: GuestSearch) -> str:
        """Freezes the guests of a search whom the actor may see; returns the id of the draft. Raises Forbidden, Invalid (none, too many)."""
        now = self._clock()
        owner_kind, owner = owner_of(actor)
        with self._db.read() as tx:  # so that a walk over all guests holds no writer up
            rights = require(tx, self._settings(), actor, RIGHTS[kind], now)
            ids = jobs.found(tx, reachable(tx, rights, wanted), MOST + 1)
        if not 0 < len(ids) <= MOST:
            said = f"more than {MOST} guests at once; narrow the filter" if ids else "no guest is chosen"
            raise Invalid(said, "too_many" if ids else "none_chosen")
        job = Job(
            id=new_reference(),
            kind=kind,
            state=JobState.DRAFT,
            owner_kind=owner_kind,
            owner=owner,
            created_at=now,
            total=len(ids),
        )
        with self._db.write() as tx:
            jobs.add(tx, job)
        for start in range(0, len(ids), TOGETHER):  # nobody knows the draft's id before its last row
            with self._db.write() as tx:
                jobs.add_chosen(tx, job.id, start + 1, ids[start : start + TOGETHER])
        return job.id

    def these(self, actor: Actor, kind: JobKind, ids: Sequence[str]) -> str:
        """The same for guests by id. Raises Forbidden, Invalid."""
        if not ids:
            raise Invalid("no guest is chosen", "none_chosen")
        return self.choose(actor, kind, GuestSearch(ids=tuple(ids)))

    def begin(self, actor: Actor, job_id: str, kind: JobKind, terms: ActTerms) -> None:
        """Lets the act begin. Raises Forbidden, NotFound, Invalid (terms), Conflict (it began already)."""
        now = self._clock()
        reason = checked_reason(terms.reason)
        with self._db.write() as tx:
            rights = require(tx, self._settings(), actor, RIGHTS[kind], now)
            job = jobs.by_id(tx, job_id, lock=True)
            if job is None or job.kind is not kind or (job.owner_kind, job.owner) != owner_of(actor):
                raise NotFound(f"there is no job {job_id!r}", "job_unknown")
            rules.begin(tx, actor, job, now, terms=self._terms(tx, rights, kind, terms, now), reason=reason)

    def _terms(self, tx: Connection, rights: Rights, kind: JobKind, terms: ActTerms, now: int) -> dict[str, Any]:
        """Checked, and only what this act uses."""
        if kind is JobKind.RENEW:
            return {"until": acts.end_of(terms.until, rules_of(self._settings()), now)}
        if kind is JobKind.UNASSIGN:
            file = self._settings().applications.get(terms.application)
            if file is None or not rights.over_application(Right.ASSIGN, file.client_id):
                raise Invalid(f"there is no application {terms.application!r} to take back", "application_unknown")
            return {"application": file.client_id}
        if kind is JobKind.UNGROUP:
            return {"group": _group(tx, rights, terms.group)}
        return {}


def _group(tx: Connection, rights: Rights, name: str) -> str:
    """The id of a group that the actor may fill by hand. Raises Invalid."""
    try:
        group = group_named(tx, name)
    except NotFound:
        group = None
    if group is None or not rights.over_group(Right.FILL_GROUPS, group.id):
        raise Invalid(f"there is no group {name!r}", "group_unknown")
    if group.is_dynamic:
        raise Invalid(f"who is in {group.name!r} is said by its rule alone", "group_is_dynamic")
    return group.id
