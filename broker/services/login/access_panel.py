"""The access panel: the applications that a person may open now, their groups, and what they look after as an owner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from broker.domain.assignment import Principal
from broker.domain.facts import ApplicationFacts
from broker.domain.gates import decide
from broker.domain.guest import Person
from broker.domain.login import Session
from broker.domain.next_step import Step
from broker.domain.policy import Circumstances, Rulebook
from broker.domain.policy_decision import judge
from broker.domain.times import DAY
from broker.domain.visitor import Visitor
from broker.services.authorization import rights_of_person
from broker.services.core import Core
from broker.services.login.context import LoginContext
from broker.services.login.own_page_access import OwnPages
from broker.settings.application_file import ApplicationFile
from broker.storage.directory import access_counts, application_usage, assignments, groups
from broker.storage.directory.access_counts import AccessCount
from broker.storage.engine import Connection

SOON = 7 * DAY
SHOWN = 25  # groups of an owner; the portal has the whole list


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelApplication:
    """A tile. launch_url: the address that begins a sign-in there. last_used: None where the person never did, or long ago."""

    client_id: str
    name: str
    launch_url: str
    last_used: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedAccess:
    """An application or a group that the person owns.

    group_id: "" for an application. more: there are more guests than were counted. ending: of those, within a week. opens: the
    applications that a group gives.
    """

    client_id: str
    group_id: str
    name: str
    guests: int
    more: bool
    ending: int
    opens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """The whole page."""

    session: Session
    person: Person
    now: int
    applications: tuple[PanelApplication, ...]
    groups: tuple[str, ...]
    owned: tuple[OwnedAccess, ...]


class AccessPanel:
    """What the page `/apps` shows."""

    def __init__(self, core: Core, own_pages: OwnPages, policies: Callable[[], Rulebook]) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._own_pages = own_pages
        self._policies = policies

    def of(self, visitor: Visitor) -> PanelView | None:
        """The page of the person in this browser, by the gates; None: begin a login for the page."""
        now = self._clock()
        with self._db.read() as tx:
            found = self._own_pages.context(tx, visitor, now)
            if found is None or found.session is None or found.person is None:
                return None
            person = found.person
            used = application_usage.last_used(tx, person.id)
            assigned = assignments.applications_of(tx, person.id, now)
            return PanelView(
                session=found.session,
                person=person,
                now=now,
                applications=tuple(
                    PanelApplication(
                        client_id=file.client_id,
                        name=file.name,
                        launch_url=str(file.launch_url),
                        last_used=used[file.client_id].at if file.client_id in used else None,
                    )
                    for file in _by_name(self._settings().applications.values())
                    if file.launch_url and self._may_open(found, file, file.client_id in assigned, visitor.address)
                ),
                groups=tuple(group.name for group, _since in groups.of_person(tx, person.id)),
                owned=tuple(self._owned(tx, person, now)),
            )

    def _may_open(self, found: LoginContext, file: ApplicationFile, assigned: bool, address: str) -> bool:
        """Whether a sign-in of this person at the application would not be denied: assignment and policies are asked.

        The facts are those of the page, with the application's in place of the panel's. What a sign-in would still ask, such as consent
        or a second step, closes nothing.
        """
        person, known = found.person, found.facts
        if person is None:
            return False
        verdict = judge(
            self._policies(),
            Circumstances(
                kind=person.kind,
                guest=person.email,
                groups=known.person.groups,
                partner=found.home,
                application=file.client_id,
                address=address,
                partner_mfa=known.partner.mfa,
            ),
        )
        there = replace(
            known,
            application=ApplicationFacts(id=file.client_id, assignment_required=file.assignment_required, assigned=assigned),
            policy=replace(
                known.policy, refusal=verdict.refusal, required=verdict.require, frequency=verdict.sign_in_frequency, results=()
            ),
        )
        return decide(there).next.step is not Step.DENY

    def _owned(self, tx: Connection, person: Person, now: int) -> Iterable[OwnedAccess]:
        """What the person owns, with counts: applications, then groups, each by name."""
        files = self._settings().applications
        rights = rights_of_person(tx, self._settings(), person, now)
        counts = access_counts.of_applications(tx, rights.applications, now, now + SOON)
        for file in _by_name(files[one] for one in rights.applications):
            yield _line(counts[file.client_id], file.name, client_id=file.client_id)
        if not rights.groups:
            return
        listed = groups.listed(tx, after="", limit=SHOWN, owner=person.email)
        inside = access_counts.of_groups(tx, (group.id for group, _members in listed), now, now + SOON)
        for group, _members in listed:
            opened = {one.application for one in assignments.of(tx, Principal.GROUP, group.id) if one.holds(now)}
            opens = tuple(file.name for file in _by_name(files[one] for one in opened if one in files))
            yield _line(inside[group.id], group.name, group_id=group.id, opens=opens)


def _line(count: AccessCount, name: str, *, client_id: str = "", group_id: str = "", opens: tuple[str, ...] = ()) -> OwnedAccess:
    return OwnedAccess(
        client_id=client_id,
        group_id=group_id,
        name=name,
        guests=count.guests,
        more=count.more,
        ending=count.ending,
        opens=opens,
    )


def _by_name(files: Iterable[ApplicationFile]) -> list[ApplicationFile]:
    return sorted(files, key=lambda file: (file.name.casefold(), file.client_id))
