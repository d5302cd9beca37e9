"""What each kind of job does with one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.errors import Conflict, Forbidden, NotFound
from broker.domain.expiry_rules import Rules
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.guest_states import Act
from broker.domain.job import Job, JobKind, JobRow, RowResult
from broker.services.access.assignments import Assignments
from broker.services.access.groups import Groups
from broker.services.authorization import Right, Rights, over_guest
from broker.services.core import Core
from broker.services.guests import acts
from broker.services.guests.transitions import rules_of
from broker.services.invitations.additions import GuestAdditions
from broker.services.invitations.sent import SentInvitations
from broker.services.jobs.imports import wish_of
from broker.services.jobs.rules import RIGHTS
from broker.storage.directory import groups, people
from broker.storage.engine import Connection
from broker.storage.login import invitations

_STATES = {JobKind.BLOCK: Act.BLOCK, JobKind.UNBLOCK: Act.UNBLOCK, JobKind.RENEW: Act.RENEW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What is the same for every row of a batch."""

    job: Job
    actor: Actor
    rights: Rights
    rules: Rules
    now: int


class RowActs:
    """Calls the service of each act."""

    def __init__(
        self, core: Core, additions: GuestAdditions, sent: SentInvitations, assignments: Assignments, rooms: Groups
    ) -> None:
        self._settings = core.settings
        self._additions = additions
        self._sent = sent
        self._assignments = assignments
        self._groups = rooms
        self._by_kind: Mapping[JobKind, Callable[[Connection, Doing, Person], None]] = {
            JobKind.RENEW: self._change,
            JobKind.BLOCK: self._change,
            JobKind.UNBLOCK: self._change,
            JobKind.SIGN_OUT: self._sign_out,
            JobKind.RESEND: self._resend,
            JobKind.UNASSIGN: self._unassign,
            JobKind.UNGROUP: self._ungroup,
            JobKind.DELETE: self._delete,
        }

    def doing(self, job: Job, actor: Actor, rights: Rights, now: int) -> Doing:
        """What is the same for every row of a batch. rights: read in its transaction."""
        return Doing(job=job, actor=actor, rights=rights, rules=rules_of(self._settings()), now=now)

    def carry_out(self, tx: Connection, doing: Doing, row: JobRow) -> JobRow:
        """The row with its result. Raises CommandError for a refusal."""
        return self._add(tx, doing, row) if doing.job.kind is JobKind.IMPORT else self._act(tx, doing, row)

    def _add(self, tx: Connection, doing: Doing, row: JobRow) -> JobRow:
        added = self._additions.carry_out(tx, doing.actor, doing.rights, wish_of(row.cells), doing.now, keep=True)
        result = RowResult.INVITED if added.invited else RowResult.ADDED
        if added.invited is not None and not added.invited.redeem_url:
            result = RowResult.KEPT
        return replace(row, person_id=added.guest_id, result=result, problem="")

    def _act(self, tx: Connection, doing: Doing, row: JobRow) -> JobRow:
        person = people.by_id(tx, row.person_id, lock=True) if row.person_id else None
        if person is None or person.state is GuestState.DELETED:
            raise NotFound("there is no such guest", "guest_unknown")
        if person.kind is PersonKind.MEMBER:  # since the selection was made
            raise Conflict(f"{person.email} is a member", "is_member")
        if not over_guest(tx, doing.rights, RIGHTS[doing.job.kind], person.id):
            raise Forbidden("you may not do that", "no_right")
        self._by_kind[doing.job.kind](tx, doing, person)
        return replace(row, result=RowResult.DONE, problem="")

    @staticmethod
    def _change(tx: Connection, doing: Doing, person: Person) -> None:
        act, values = _STATES[doing.job.kind], None
        if act is Act.RENEW:
            values = acts.renewal(person, doing.rules, doing.now, until=int(doing.job.terms["until"]))
        acts.change(tx, doing.actor, person, act, doing.now, doing.rules, reason=doing.job.reason, values=values)

    @staticmethod
    def _sign_out(tx: Connection, doing: Doing, person: Person) -> None:
        acts.sign_out(tx, doing.actor, person, doing.now, reason=doing.job.reason)

    def _resend(self, tx: Connection, doing: Doing, person: Person) -> None:
        newest = invitations.latest_of(tx, person.id)
        if newest is None:
            raise Conflict("there is no invitation", "invitation_over")
        self._sent.send_again(tx, doing.actor, newest, person, doing.now, reason=doing.job.reason)

    def _unassign(self, tx: Connection, doing: Doing, person: Person) -> None:
        file = self._settings().applications.get(str(doing.job.terms["application"]))
        if file is None or not doing.rights.over_application(Right.ASSIGN, file.client_id):
            raise NotFound("there is no such application", "application_unknown")
        self._assignments.take_back(tx, doing.actor, file, Principal.PERSON, person, doing.now, reason=doing.job.reason)

    def _ungroup(self, tx: Connection, doing: Doing, person: Person) -> None:
        group = groups.by_id(tx, str(doing.job.terms["group"]))
        if group is None or not doing.rights.over_group(Right.FILL_GROUPS, group.id):
            raise NotFound("there is no such group", "group_unknown")
        self._groups.take_out(tx, doing.actor, group, person.id, doing.now, reason=doing.job.reason)

    @staticmethod
    def _delete(tx: Connection, doing: Doing, person: Person) -> None:
        acts.delete(tx, doing.actor, person, doing.now, reason=doing.job.reason)
