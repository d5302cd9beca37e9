"""Applications as programs see them, and who is assigned to them: by id, each assignment new or nothing done.

Files define applications, their roles and their owners; the database has the assignments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.group import Group, is_uuid
from broker.domain.ids import file_id, new_id
from broker.services.access.group_references import PersonList, page_of
from broker.services.access.views import AssignmentView, assignments_of
from broker.services.authorization import Right, over_application, over_guest, require
from broker.services.core import Core
from broker.services.history import audit
from broker.services.lookup import holder_named, living
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.directory import assignments, people
from broker.storage.engine import Connection
from broker.storage.oauth import grants

_KINDS = (Principal.GROUP, Principal.PERSON)  # the order of a list


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEntry:
    """A role of an application's file. id: stable."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationEntry:
    """An application of a file. id, principal_id: stable UUIDs of its two faces. file: below the home. No secret is in it."""

    issuer: str
    id: str
    principal_id: str
    client_id: str
    name: str
    file: str
    roles: tuple[RoleEntry, ...]
    redirect_uris: tuple[str, ...]
    launch_url: str | None
    assignment_required: bool

    @classmethod
    def of(cls, issuer: str, file: ApplicationFile) -> Self:
        """The entry of a file."""
        return cls(
            issuer=issuer,
            id=file_id(issuer, "application", file.client_id),
            principal_id=file_id(issuer, "servicePrincipal", file.client_id),
            client_id=file.client_id,
            name=file.name,
            file=f"config/applications/{file.client_id}.yaml",
            roles=tuple(RoleEntry(id=_role_id(issuer, file.client_id, role), name=role) for role in file.roles),
            redirect_uris=tuple(map(str, file.redirect_uris)),
            launch_url=None if file.launch_url is None else str(file.launch_url),
            assignment_required=file.assignment_required,
        )

    def role_id(self, role: str) -> str:
        """The id of a role, also of one that the file no longer names."""
        return _role_id(self.issuer, self.client_id, role)


def _role_id(issuer: str, client_id: str, role: str) -> str:
    return file_id(issuer, "role", f"{client_id}/{role}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentList:
    """A page. next_key: of the page behind it, None on the last one."""

    rows: tuple[AssignmentView, ...]
    next_key: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldEntry:
    """An assignment that a person has, and its application."""

    assignment: AssignmentView
    application: ApplicationEntry


class AssignmentReferences:
    """Reading needs the right to see applications, an assignment the right to assign."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def applications(self, actor: Actor) -> tuple[ApplicationEntry, ...]:
        """Every application that this actor may see, by client_id. Raises Forbidden."""
        settings = self._settings()
        with self._db.read() as tx:
            rights = require(tx, settings, actor, Right.SEE_APPLICATIONS, self._clock())
        return tuple(
            ApplicationEntry.of(settings.issuer, file)
            for client_id, file in sorted(settings.applications.items())
            if rights.over_application(Right.SEE_APPLICATIONS, client_id)
        )

    def owners(self, actor: Actor, client_id: str, *, after: str, limit: int) -> PersonList:
        """A page of the owners that the file names and the directory knows, by id. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            file = over_application(tx, self._settings(), actor, Right.SEE_APPLICATIONS, client_id, self._clock())
            return page_of(people.by_emails(tx, file.owners), after=after, limit=limit)

    def page(self, actor: Actor, client_id: str, *, after: tuple[str, str] | None, limit: int) -> AssignmentList:
        """A page of assignments, ended ones too: groups first, each by id. Raises Forbidden, NotFound."""
        now = self._clock()
        found: list[Assignment] = []
        with self._db.read() as tx:
            over_application(tx, self._settings(), actor, Right.SEE_APPLICATIONS, client_id, now)
            for kind in _KINDS:
                if len(found) <= limit and (after is None or kind != Principal.GROUP or after[0] == kind):
                    behind = after[1] if after is not None and after[0] == kind else ""
                    found += assignments.of_application(tx, client_id, kind, after=behind, limit=limit + 1 - len(found))
        last = found[limit - 1] if len(found) > limit else None
        return AssignmentList(
            rows=tuple(AssignmentView.of(one, now) for one in found[:limit]),
            next_key=None if last is None else (last.principal.value, last.id),
        )

    def of_person(self, actor: Actor, person_id: str) -> tuple[HeldEntry, ...]:
        """What a person has, by themselves and by their groups, ended ones too; not of applications whose file is gone.

        Raises Forbidden, NotFound.
        """
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            rights = require(tx, settings, actor, Right.SEE_GUESTS, now)
            person = living(tx, person_id)
            if not over_guest(tx, rights, Right.SEE_GUESTS, person.id):
                raise NotFound("there is no such person", "guest_unknown")
            held = assignments_of(tx, person.id, now)
        return held_in(settings, [one for one in held if rights.over_application(Right.SEE_GUESTS, one.application)])

    def assign(self, actor: Actor, client_id: str, holder_id: str, *, role: str, person: str | None = None) -> AssignmentView:
        """Assigns from now on, without an end. One that has ended begins again. person: who the holder must be, by id or address.

        Raises Forbidden, NotFound (application, person or group), Invalid (role), Conflict (`reference_exists`).
        """
        now = self._clock()
        with self._db.write() as tx:
            file = over_application(tx, self._settings(), actor, Right.ASSIGN, client_id, now)
            if role and role not in file.roles:
                raise Invalid(f"{client_id!r} has no role {role!r}", "role_unknown")
            if not is_uuid(holder_id):
                raise NotFound("there is no such person or group", "holder_unknown")
            if person is not None and living(tx, person).id != holder_id.lower():
                raise Invalid("principalId must be the id of this user", "holder_differs")
            kind, holder = holder_named(tx, holder_id, lock=True)
            name = holder.name if isinstance(holder, Group) else holder.email
            wish = Assignment(
                id=new_id(), principal=kind, holder=holder.id, name=name, application=client_id, role=role, starts_at=now
            )
            made = assignments.put_new(tx, wish, now)
            if made is None:
                raise Conflict("this is assigned already", "reference_exists")
            self._tell(tx, "assignment.given", actor, made, {"starts_at": now, "ends_at": None}, now)
            return AssignmentView.of(made, now)

    def take_back(self, actor: Actor, client_id: str, assignment_id: str) -> None:
        """Removes one assignment; sign-ins end where no other one permits them. Raises Forbidden, NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            file = over_application(tx, self._settings(), actor, Right.ASSIGN, client_id, now)
            seen = self._seen(tx, assignment_id)
            if seen is None or seen.application != client_id:
                raise _unknown(assignment_id)
            self._drop(tx, actor, file, seen, now)

    def take_back_from(self, actor: Actor, person: str, assignment_id: str) -> None:
        """Removes one assignment of a person, by their id or address; those of their groups are not theirs. Raises Forbidden, NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            require(tx, self._settings(), actor, Right.ASSIGN, now)
            holder = living(tx, person)
            seen = self._seen(tx, assignment_id)
            if seen is None or seen.principal is not Principal.PERSON or seen.holder != holder.id:
                raise _unknown(assignment_id)
            file = over_application(tx, self._settings(), actor, Right.ASSIGN, seen.application, now)
            self._drop(tx, actor, file, seen, now)

    @staticmethod
    def _seen(tx: Connection, assignment_id: str) -> Assignment | None:
        """An assignment; nobody else changes its person until the transaction ends."""
        seen = assignments.by_id(tx, assignment_id)
        if seen is not None and seen.principal is Principal.PERSON:
            people.by_id(tx, seen.holder, lock=True)
            seen = assignments.by_id(tx, assignment_id)  # the lock may have been waited for
        return seen

    def _drop(self, tx: Connection, actor: Actor, file: ApplicationFile, one: Assignment, now: int) -> None:
        assignments.drop(tx, one.principal, one.holder, one.application, one.role)
        ended = grants.end_of_unassigned(tx, one.principal, one.holder, one.application, now) if file.assignment_required else 0
        self._tell(tx, "assignment.taken_back", actor, one, {"sign_ins_ended": ended}, now)

    @staticmethod
    def _tell(tx: Connection, name: str, actor: Actor, one: Assignment, more: dict[str, object], now: int) -> None:
        data = {"assignment": one.id, "role": one.role, **more, "principal": one.principal.value, "holder": one.holder}
        subject = one.holder if one.principal is Principal.PERSON else ""
        audit.record(tx, Event(name=name, actor=actor, target=one.application, subject=subject, data=data), now)


def held_in(settings: Settings, held: Iterable[AssignmentView]) -> tuple[HeldEntry, ...]:
    """The assignments whose application has a file."""
    known = {name: ApplicationEntry.of(settings.issuer, file) for name, file in settings.applications.items()}
    return tuple(HeldEntry(assignment=one, application=known[one.application]) for one in held if one.application in known)


def _unknown(assignment_id: str) -> NotFound:
    return NotFound(f"there is no assignment {assignment_id!r}", "assignment_unknown")
