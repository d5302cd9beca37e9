"""Applications as one member of staff may see them: the list with health, one application, and who is assigned to it.

Files define applications; here they are only read. Owners see what they own, and no more (AD-01).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from broker.domain.assignment import Principal
from broker.domain.audit import Actor, ActorKind
from broker.domain.errors import NotFound
from broker.domain.group import folded
from broker.domain.guest import GuestState, PersonKind
from broker.domain.ids import file_id
from broker.services.access.views import AssignmentView
from broker.services.addresses import canonical
from broker.services.authorization import Right, Rights, require
from broker.services.core import Core
from broker.services.doctor import advice
from broker.services.operations.catalog import policies_of
from broker.settings.application_file import ApplicationFile
from broker.settings.broker_file import TokenSettings
from broker.settings.load import Settings
from broker.settings.policy_file import PolicyFile
from broker.storage.directory import access_counts, assigned, assignments, people
from broker.storage.directory.access_counts import AccessCount
from broker.storage.directory.assigned import AssignedRow, GivenBy
from broker.storage.engine import Connection
from broker.storage.login import application_health
from broker.storage.login.application_health import LastRefusal, LastSignIns

__all__ = ["COUNTED", "GROUPS", "LastRefusal", "StaffApplications"]

COUNTED = 1_000  # people of one application; more are not counted
GROUPS = 100  # assigned to one application; more are not shown


class ApplicationFault(StrEnum):
    """Why an application needs a person."""

    NONE = ""
    REFUSED = "refused"  # the newest request was refused, and no rule of ours wants that
    NOBODY = "nobody"  # only assigned guests get in, and there is none
    UNREACHABLE = "unreachable"  # the file names no address for the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSearch:
    """Which applications a list shows. text: in the name or client_id. opens: `assigned` or `everyone`. owner: an address."""

    text: str = ""
    opens: str = ""
    owner: str = ""

    def holds(self, file: ApplicationFile) -> bool:
        """Whether a file is meant."""
        words = folded(self.text.strip())
        return (
            (not words or words in folded(file.name) or words in file.client_id)
            and (not self.opens or (self.opens == "assigned") is file.assignment_required)
            and (not self.owner or self.owner.strip().lower() in file.owners)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow:
    """One line of the list. id: its stable UUID. file: below the home. people: guests who may open it, counted up to COUNTED."""

    id: str
    client_id: str
    name: str
    file: str
    owners: tuple[str, ...]
    assignment_required: bool
    people: int
    more: bool
    last_sign_in: int | None
    last_refusal: LastRefusal | None
    fault: ApplicationFault


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationList:
    """A page, by name. next_key: of the page behind it, None on the last one. total: of this search; all: without a filter."""

    rows: tuple[ApplicationRow, ...]
    next_key: tuple[str, str] | None
    total: int
    all: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPage:
    """One application. file: as the files define it, policies: those that speak of it. may_assign: this actor adds and removes people."""

    row: ApplicationRow
    file: ApplicationFile
    tokens: TokenSettings
    policies: tuple[PolicyFile, ...]
    groups: tuple[AssignmentView, ...]
    may_assign: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedPerson:
    """A person's assignment. given_by: the address of the colleague, or the kind of another actor; "" where the audit tells nothing any more."""

    assignment: AssignmentView
    name: str
    kind: PersonKind
    has_access: bool
    given_by: str
    last_used: int | None


class StaffApplications:
    """Lists and shows applications; each asks for the right first."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def listed(
        self, actor: Actor, wanted: ApplicationSearch, *, after: tuple[str, str] | None = None, limit: int = 50
    ) -> ApplicationList:
        """A page of the applications that the actor may see, those with a fault first on it. Raises Forbidden."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            rights = require(tx, settings, actor, Right.SEE_APPLICATIONS, now)
            seen = [
                one for one in settings.applications.values() if rights.over_application(Right.SEE_APPLICATIONS, one.client_id)
            ]
            found = sorted(filter(wanted.holds, seen), key=_key)
            some = [file for file in found if after is None or _key(file) > after][: limit + 1]
            rows = _rows(tx, settings, some[:limit], now)
        return ApplicationList(
            rows=tuple(sorted(rows, key=lambda one: one.fault is ApplicationFault.NONE)),
            next_key=_key(some[limit - 1]) if len(some) > limit else None,
            total=len(found),
            all=len(seen),
        )

    def show(self, actor: Actor, client_id: str) -> ApplicationPage:
        """One application, by client_id or id. Raises Forbidden, NotFound (AD-01)."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            rights, file = _visible(tx, settings, actor, client_id, now)
            row = _rows(tx, settings, [file], now)[0]
            groups = assignments.of_application(tx, file.client_id, Principal.GROUP, limit=GROUPS)
        return ApplicationPage(
            row=row,
            file=file,
            tokens=settings.broker.tokens,
            policies=tuple(policies_of(settings.policies.values(), file.client_id)),
            groups=tuple(AssignmentView.of(one, now) for one in groups),
            may_assign=rights.over_application(Right.ASSIGN, file.client_id),
        )

    def people(
        self, actor: Actor, client_id: str, *, email: str = "", after: str = "", limit: int = 50
    ) -> tuple[AssignedPerson, ...]:
        """People with an assignment, ended ones too, in the order of the assignments' ids, behind the id `after`.

        email: only this person's. Raises Forbidden, NotFound.
        """
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            _, file = _visible(tx, settings, actor, client_id, now)
            person = people.by_email(tx, canonical(email) or "") if email else None
            if email and person is None:
                return ()
            rows = assigned.page(tx, file.client_id, after=after, person_id=person.id if person else None, limit=limit)
            given = assigned.given_by(tx, {row.assignment.holder for row in rows})
            known = people.by_ids(tx, {one.id for one in given.values() if one.kind is ActorKind.PERSON})
        names = {one.id: one.email for one in known.values()}
        return tuple(_person(row, given.get(row.assignment.id), names, now) for row in rows)


def _visible(tx: Connection, settings: Settings, actor: Actor, name: str, now: int) -> tuple[Rights, ApplicationFile]:
    """An application that this actor may see. What they may not see does not exist for them (AD-01)."""
    rights = require(tx, settings, actor, Right.SEE_APPLICATIONS, now)
    file = settings.applications.get(name) or next(
        (one for one in settings.applications.values() if file_id(settings.issuer, "application", one.client_id) == name), None
    )
    if file is None or not rights.over_application(Right.SEE_APPLICATIONS, file.client_id):
        raise NotFound(f"there is no application {name!r}", "application_unknown")
    return rights, file


def _key(file: ApplicationFile) -> tuple[str, str]:
    return folded(file.name), file.client_id


def _rows(tx: Connection, settings: Settings, files: Iterable[ApplicationFile], now: int) -> list[ApplicationRow]:
    """Three statements, however many files."""
    some = list(files)
    ids = [file.client_id for file in some]
    counts = access_counts.of_applications(tx, ids, now, now, most=COUNTED)
    last = application_health.of_applications(tx, ids)
    return [_row(settings, file, counts[file.client_id], last[file.client_id]) for file in some]


def _row(settings: Settings, file: ApplicationFile, count: AccessCount, last: LastSignIns) -> ApplicationRow:
    return ApplicationRow(
        id=file_id(settings.issuer, "application", file.client_id),
        client_id=file.client_id,
        name=file.name,
        file=f"config/applications/{file.client_id}.yaml",
        owners=tuple(file.owners),
        assignment_required=file.assignment_required,
        people=count.guests,
        more=count.more,
        last_sign_in=last.allowed,
        last_refusal=last.refused,
        fault=_fault(file, count, last),
    )


def _fault(file: ApplicationFile, count: AccessCount, last: LastSignIns) -> ApplicationFault:
    """A refusal is a fault as in doctor: it is newer than the last sign-in, and not what a rule wants."""
    refused = last.refused
    if not file.redirect_uris and not file.api_permissions:
        return ApplicationFault.UNREACHABLE
    if refused is not None and refused.at > (last.allowed or 0) and not advice.of(refused.reason).rule:
        return ApplicationFault.REFUSED
    return (
        ApplicationFault.NOBODY if file.redirect_uris and file.assignment_required and not count.guests else ApplicationFault.NONE
    )


def _person(row: AssignedRow, given: GivenBy | None, names: dict[str, str], now: int) -> AssignedPerson:
    by = "" if given is None else names.get(given.id, given.kind.value)
    alive = row.state in (GuestState.INVITED, GuestState.ACTIVE) and (row.expires_at is None or row.expires_at > now)
    return AssignedPerson(
        assignment=AssignmentView.of(row.assignment, now),
        name=row.person_name,
        kind=row.kind,
        has_access=alive and row.assignment.holds(now),
        given_by=by,
        last_used=row.last_used,
    )
