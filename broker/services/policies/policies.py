"""Policies: reads them from the files into the domain's records, and evaluates them for a person (what-if)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from broker.domain.address import domain_of
from broker.domain.audit import Actor
from broker.domain.errors import Invalid, NotFound
from broker.domain.group import folded, is_uuid
from broker.domain.guest import GuestState, Person
from broker.domain.mailbox import PARTNER as CODES
from broker.domain.policy import Circumstances, Net, PersonSelector, Policy, Result, Rulebook
from broker.domain.policy_decision import judge
from broker.domain.replay import PastSignIn
from broker.services.addresses import parse
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.policies import group_uses
from broker.services.policies.export import Export, lines
from broker.services.policies.replay import from_database
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.settings.policy_file import People, PolicyFile
from broker.storage.directory import assignments, people
from broker.storage.engine import Connection

Name = Callable[[str], str]  # a guest's address -> the text to compare


def policy_of(file: PolicyFile, name: Name = str) -> Policy:
    """One file as the domain's record. name: replaces canonical addresses by what is compared (an export has marks)."""
    include, exclude = file.applications.include, file.applications.exclude
    return Policy(
        id=file.id,
        state=file.state,
        include=_selector(file.users.include, name),
        exclude=_selector(file.users.exclude, name),
        applications=None if include == "all" else frozenset(include),
        excluded_applications=frozenset(exclude),
        networks=tuple(Net.of(text) for text in file.conditions.networks.include),
        excluded_networks=tuple(Net.of(text) for text in file.conditions.networks.exclude),
        partner_mfa=file.conditions.partner_mfa,
        block=file.grant.block,
        require=frozenset(file.grant.require),
        sign_in_frequency=file.session.sign_in_frequency,
    )


def _selector(people: People, name: Name) -> PersonSelector:
    named = people.guests != "all"
    return PersonSelector(
        all_guests=not named,
        guests=frozenset(map(name, people.guests)) if named else frozenset(),
        groups=frozenset(map(folded, people.groups)),
        partners=frozenset(people.partners),
        members=people.members,
    )


def rulebook(files: Mapping[str, PolicyFile], name: Name = str) -> Rulebook:
    """The prepared policies of all files."""
    return Rulebook.of(policy_of(file, name) for file in files.values())


class InForce:
    """The rulebook of the current settings, built once for each version of them."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._held: tuple[Settings, Rulebook] | None = None

    def __call__(self) -> Rulebook:
        """The current policies."""
        settings, held = self._settings(), self._held
        if held is None or held[0] is not settings:
            held = self._held = (settings, rulebook(settings.policies))
        return held[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfView:
    """The decision about a sign-in that did not happen. error: of a blocked one. application: None: our own pages. ip: None: outside
    of all named networks.

    sign_in_frequency: seconds. notes: other reasons against the sign-in.
    """

    user: str
    person_id: str
    application: str | None
    partner: str | None
    groups: tuple[str, ...]
    ip: str | None
    partner_mfa: bool
    outcome: str
    error: str | None
    require: tuple[str, ...]
    sign_in_frequency: int | None
    reasons: tuple[str, ...]
    policies: tuple[Result, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return values | {"policies": [result._asdict() for result in self.policies]}


class Policies:
    """Questions of staff about policies. Nothing here changes anything (PO-09)."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._in_force = InForce(core.settings)

    def what_if(
        self,
        actor: Actor,
        who: str,
        application: str | None,
        address: str | None = None,
        *,
        partner: str | None = None,
        partner_mfa: bool = False,
    ) -> WhatIfView:
        """Evaluates the policies as if this person signed in now, with the function that sign-ins use.

        who: an address or id. application: None: our own pages. address: of the browser, or a network; None: in none of the
        networks that policies name. partner: where they sign in; None: their own. Raises Forbidden, NotFound, Invalid.
        """
        settings, now = self._settings(), self._clock()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.SEE_POLICIES, now)
            file = _application(settings, application)
            _check(settings, address, partner)
            person = _person(tx, who)
            held = assignments.holdings(tx, person.id, application or "", now)
            missing = [f"policy {one.policy} {one.missing}" for one in group_uses.missing(tx, settings.policies)]
        needs_assignment = file is not None and file.assignment_required and not any(row.assignment_id for row in held)
        circumstances = Circumstances(
            kind=person.kind,
            guest=person.email,
            groups=frozenset(row.group for row in held if row.group_id is not None),
            partner=partner or _home_of(person, settings),
            application=application,
            address=address or "",
            partner_mfa=partner_mfa,
            elsewhere=address is None,
        )
        verdict = judge(self._in_force(), circumstances, everything=True)
        return WhatIfView(
            user=person.email,
            person_id=person.id,
            application=application,
            partner=circumstances.partner,
            groups=tuple(sorted(circumstances.groups)),
            ip=address,
            partner_mfa=partner_mfa,
            outcome=verdict.outcome,
            error=verdict.refusal,
            require=tuple(sorted(verdict.require)),
            sign_in_frequency=verdict.sign_in_frequency,
            reasons=tuple(verdict.reasons),
            policies=tuple(verdict.results),
            notes=(*_notes(person, now, needs_assignment=needs_assignment), *missing),
        )

    def missing_groups(self) -> list[str]:
        """A warning for each group that a policy names and that does not exist (FC-03)."""
        with self._db.read() as tx:
            return [f"policy {one.policy} {one.missing}" for one in group_uses.missing(tx, self._settings().policies)]

    def past(self, since: int) -> Iterator[PastSignIn]:
        """The stored sign-ins of the last seconds in which policies were evaluated, oldest first."""
        return from_database(self._db, self._clock() - since)

    def book(self) -> Rulebook:
        """The policies of the files."""
        return self._in_force()

    def export(self, since: int, *, marked: bool = True) -> Iterator[str]:
        """The same sign-ins as a pseudonymous file, line by line."""
        now = self._clock()
        return lines(self.past(since), since=now - since, until=now, marked=marked)


def marked_book(files: Mapping[str, PolicyFile], export: Export) -> Rulebook:
    """The policies with the marks of an export instead of addresses. Raises Invalid if it needs marks and has none."""
    naming = sorted(id_ for id_, file in files.items() if file.state != "disabled" and _names_guests(file))
    if export.marks is None and naming:
        message = f"policy {naming[0]} names guests by address, and the export has no marks of them; write it without --no-marks"
        raise Invalid(message, "export_without_marks")
    return rulebook(files, export.marks or str)


def _names_guests(file: PolicyFile) -> bool:
    return any(people.guests not in ("all", ()) for people in (file.users.include, file.users.exclude))


def _application(settings: Settings, client_id: str | None) -> ApplicationFile | None:
    if client_id is None:
        return None
    file = settings.applications.get(client_id)
    if file is None:
        raise NotFound(f"there is no application {client_id!r} in config/applications", "application_unknown")
    return file


def _person(tx: Connection, who: str) -> Person:
    if is_uuid(who):
        person, name = people.by_id(tx, who.lower()), who
    else:
        name = parse(who)
        person = people.by_email(tx, name)
    if person is None or person.state is GuestState.DELETED:
        raise NotFound(f"nobody with the address {name} is known; invite the guest first", "person_unknown")
    return person


def _check(settings: Settings, address: str | None, partner: str | None) -> None:
    if address is not None:
        try:
            Net.of(address)
        except ValueError:
            raise Invalid(f"{address!r} is no IP address; write one as 192.0.2.7", "ip_invalid") from None
    if partner is not None and partner != CODES and partner not in settings.partners:
        raise NotFound(f"there is no partner {partner!r} in config/partners", "partner_unknown")


def _home_of(person: Person, settings: Settings) -> str:
    """Where the person signs in: the home organization of the last time, else that of the address, else the code by e-mail."""
    if person.partner is not None:
        return person.partner
    partner = settings.partner_of_domain(domain_of(person.email))
    return partner.id if partner else CODES


def _notes(person: Person, now: int, *, needs_assignment: bool) -> list[str]:
    """Reasons against a sign-in other than the policies."""
    notes = []
    if person.is_expired(now):
        notes.append("the guest's time is over, whatever the policies say")
    elif person.state != "active":
        notes.append(f"the person is {person.state}, whatever the policies say")
    if needs_assignment and person.kind == "guest":
        notes.append("the application asks for an assignment, which the guest does not have")
    return notes
