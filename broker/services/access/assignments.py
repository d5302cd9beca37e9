"""Assignments: which guests and groups may use which application, in which role, from when until when."""

from __future__ import annotations

from dataclasses import replace

from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor, Event
from broker.domain.errors import Invalid, NotFound
from broker.domain.expiry_rules import LAST
from broker.domain.group import Group
from broker.domain.guest import Person
from broker.domain.ids import new_id
from broker.services import authorization
from broker.services.access.views import AssignmentView
from broker.services.core import Core
from broker.services.history import audit
from broker.services.history.reasons import checked_reason
from broker.services.lookup import holder_named
from broker.settings.application_file import ApplicationFile
from broker.storage.directory import assignments, people
from broker.storage.engine import Connection
from broker.storage.oauth import grants


class Assignments:
    """Administrators and the command line assign to every application, owners to their own."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def assign(
        self,
        actor: Actor,
        client_id: str,
        holder: str,
        *,
        role: str = "",
        starts_at: int | None = None,
        ends_at: int | None = None,
        reason: str = "",
    ) -> AssignmentView:
        """Lets a guest or a group use an application from a time (default: now) until another one (default: no end).

        Assigning again sets new times; the audit keeps the earlier ones.
        Raises NotFound (application, holder), Invalid (a role that its file does not have, times, the reason).
        """
        now = self._clock()
        with self._db.write() as tx:
            file = authorization.application(tx, self._settings(), actor, client_id, now)
            _check(file, role, starts_at, ends_at, now)
            principal, found = holder_named(tx, holder)
            held = next((one for one in assignments.of(tx, principal, found.id, client_id) if one.role == role), None)
            wish = Assignment(
                id=new_id(),
                principal=principal,
                holder=found.id,
                name=_name(found),
                application=client_id,
                role=role,
                starts_at=now if starts_at is None else starts_at,
                ends_at=ends_at,
            )
            made = assignments.put(tx, wish)
            data: dict[str, object] = {"assignment": made.id, "role": role, "starts_at": made.starts_at, "ends_at": made.ends_at}
            if held is not None:
                data["before"] = {"starts_at": held.starts_at, "ends_at": held.ends_at}
            self._tell(tx, "assignment.given", actor, made, data, now, reason)
            return AssignmentView.of(made, now)

    def change(
        self, actor: Actor, client_id: str, assignment_id: str, *, role: str, ends_at: int | None, reason: str = ""
    ) -> AssignmentView:
        """Gives an assignment another role or another end. If its holder has that role already, the two become one.

        Raises NotFound (application, an assignment that is not of this application), Invalid (role, end, the reason).
        """
        now = self._clock()
        with self._db.write() as tx:
            file = authorization.application(tx, self._settings(), actor, client_id, now)
            before = self._found(tx, client_id, assignment_id)
            _check(file, role, before.starts_at, ends_at, now)
            made = assignments.put(tx, replace(before, id=new_id(), role=role, ends_at=ends_at))
            if role != before.role:
                assignments.drop(tx, before.principal, before.holder, client_id, before.role)
            data: dict[str, object] = {"assignment": made.id}
            data |= {name: {"role": one.role, "ends_at": one.ends_at} for name, one in (("before", before), ("after", made))}
            self._tell(tx, "assignment.changed", actor, made, data, now, reason)
            return AssignmentView.of(made, now)

    def remove(self, actor: Actor, client_id: str, assignment_id: str, *, reason: str = "") -> AssignmentView:
        """Removes one assignment, as `unassign` does. Raises NotFound (application, assignment), Invalid (the reason)."""
        now = self._clock()
        with self._db.write() as tx:
            file = authorization.application(tx, self._settings(), actor, client_id, now)
            found = self._found(tx, client_id, assignment_id)
            _, holder = holder_named(tx, found.holder)
            return self.take_back(tx, actor, file, found.principal, holder, now, role=found.role, reason=reason)[0]

    def show(self, actor: Actor, client_id: str, assignment_id: str) -> AssignmentView:
        """One assignment, for the page that changes it. Raises NotFound."""
        now = self._clock()
        with self._db.read() as tx:
            authorization.application(tx, self._settings(), actor, client_id, now)
            return AssignmentView.of(self._found(tx, client_id, assignment_id, lock=False), now)

    def unassign(self, actor: Actor, client_id: str, holder: str, *, role: str | None = None) -> tuple[AssignmentView, ...]:
        """Removes the assignments of one role or of all. Sign-ins of a person end where no other assignment permits them.

        Raises NotFound (application, holder, nothing assigned).
        """
        now = self._clock()
        with self._db.write() as tx:
            file = authorization.application(tx, self._settings(), actor, client_id, now)
            principal, found = holder_named(tx, holder, lock=True)
            return self.take_back(tx, actor, file, principal, found, now, role=role)

    def take_back(
        self,
        tx: Connection,
        actor: Actor,
        file: ApplicationFile,
        principal: Principal,
        holder: Person | Group,
        now: int,
        *,
        role: str | None = None,
        reason: str = "",
    ) -> tuple[AssignmentView, ...]:
        """The same in the transaction of its cause. Raises NotFound."""
        client_id = file.client_id
        held = [one for one in assignments.of(tx, principal, holder.id, client_id) if role in (None, one.role)]
        if not assignments.drop(tx, principal, holder.id, client_id, role):
            in_role = f" as {role!r}" if role else ""
            raise NotFound(f"{_name(holder)} is not assigned to {client_id!r}{in_role}", "assignment_unknown")
        ended = grants.end_of_unassigned(tx, principal, holder.id, client_id, now) if file.assignment_required else 0
        for one in held:
            data: dict[str, object] = {"assignment": one.id, "role": one.role, "ends_at": one.ends_at, "sign_ins_ended": ended}
            self._tell(tx, "assignment.taken_back", actor, one, data, now, reason)
        return tuple(AssignmentView.of(one, now) for one in held)

    def of_application(self, actor: Actor, client_id: str, *, after: str = "", limit: int = 100) -> tuple[AssignmentView, ...]:
        """The assignments to an application, ended ones too: groups first, each by id. Raises NotFound."""
        now = self._clock()
        with self._db.read() as tx:
            authorization.application(tx, self._settings(), actor, client_id, now)
            found: list[Assignment] = []
            for principal in (Principal.GROUP, Principal.PERSON):
                found += assignments.of_application(tx, client_id, principal, after=after, limit=limit)
        return tuple(AssignmentView.of(one, now) for one in found)

    @staticmethod
    def _found(tx: Connection, client_id: str, assignment_id: str, *, lock: bool = True) -> Assignment:
        """An assignment of this application. Raises NotFound for one of another application, too (AD-01). lock: its person."""
        seen = assignments.by_id(tx, assignment_id)
        if lock and seen is not None and seen.principal is Principal.PERSON:
            people.by_id(tx, seen.holder, lock=True)
            seen = assignments.by_id(tx, assignment_id)  # the holder's lock may have been waited for
        if seen is None or seen.application != client_id:
            raise NotFound(f"there is no assignment {assignment_id!r} to {client_id!r}", "assignment_unknown")
        return seen

    @staticmethod
    def _tell(tx: Connection, name: str, actor: Actor, one: Assignment, data: dict[str, object], now: int, reason: str) -> None:
        """reason: a person's words. A deletion of the guest removes them from the audit (HT-18)."""
        subject = one.holder if one.principal is Principal.PERSON else ""
        data = data | {"principal": one.principal.value, "holder": one.holder}
        personal = {"reason": checked_reason(reason)} if reason else {}
        event = Event(name=name, actor=actor, target=one.application, subject=subject, data=data, personal=personal)
        audit.record(tx, event, now)


def _check(file: ApplicationFile, role: str, starts_at: int | None, ends_at: int | None, now: int) -> None:
    if role and role not in file.roles:
        known = f"it has {', '.join(file.roles)}" if file.roles else "its file names no roles"
        raise Invalid(f"{file.client_id!r} has no role {role!r}; {known}", "role_unknown")
    if ends_at is not None and not max(now, starts_at or now) < ends_at <= LAST:
        raise Invalid("the end lies before the start, in the past, or after the year 2099", "assignment_times")


def _name(holder: Person | Group) -> str:
    return holder.email if isinstance(holder, Person) else holder.name
