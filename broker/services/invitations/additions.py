"""Adds a guest: the invitation, where one is needed, with an application, a role and a group, in one transaction.

What a guest has elsewhere stays as it is: an owner gives what they own, and changes neither name, sponsor nor end of somebody who is
here already (AD-01).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor, Event
from broker.domain.errors import CommandError, Conflict, Invalid, NotFound
from broker.domain.group import Group
from broker.domain.guest import GuestState, Person
from broker.domain.ids import new_id
from broker.domain.job import RowResult
from broker.services.authorization import Right, Rights, require
from broker.services.core import Core
from broker.services.history import audit
from broker.services.invitations.invitations import Invitations, Preview
from broker.services.invitations.request import CheckedInvitation, InvitationRequest, plan_of
from broker.services.invitations.views import IssuedInvitation
from broker.services.lookup import group_named
from broker.storage.directory import assignments, groups, people
from broker.storage.engine import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAddition:
    """Who is added to what. invitation: address, words, language, application and end. role: in that application. group: a name or id."""

    invitation: InvitationRequest
    role: str = ""
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedGuest:
    """The guest. invited: None where they have access here already."""

    guest_id: str
    email: str
    invited: IssuedInvitation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionForecast:
    """What would become of one line of a list. lookalike: as in `IssuedInvitation`."""

    email: str
    result: RowResult
    lookalike: str | None


_RESULTS = {"invite": RowResult.INVITED, "again": RowResult.AGAIN, "keep": RowResult.KEPT}


class GuestAdditions:
    """Add one, look at the mail of one, forecast a list."""

    def __init__(self, core: Core, invitations: Invitations) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._invitations = invitations

    def add(self, actor: Actor, wish: GuestAddition) -> AddedGuest:
        """Add a guest. Raises Forbidden, NotFound (a group), Invalid, Conflict (a member, a blocked guest, a rule), TooMany."""
        now = self._clock()
        with self._db.write() as tx:
            rights = require(tx, self._settings(), actor, Right.INVITE, now)
            return self.carry_out(tx, actor, rights, wish, now)

    def carry_out(
        self, tx: Connection, actor: Actor, rights: Rights, wish: GuestAddition, now: int, *, keep: bool = False
    ) -> AddedGuest:
        """The same in the transaction of its cause. rights: read in it. keep: a guest who has the same invitation keeps it."""
        group, plan = self._checked(tx, actor, rights, wish, now, {})
        known = people.by_email(tx, plan.email, lock=True)
        if known is not None:
            self._invitations.invitable(known)
        invited = None
        if known is None or not _has_access(known, now):
            mine = plan if known is None else replace(plan, sponsor=None, wish=replace(plan.wish, name="", until=None))
            invited = self._invitations.carry_out(tx, actor, mine, now, keep=keep)
        person = people.by_email(tx, plan.email)
        if person is None:
            raise Conflict("the address is being changed by somebody else; try again", "address_busy")
        self._give(tx, actor, rights, plan, wish, group, person, now)
        return AddedGuest(guest_id=person.id, email=person.email, invited=invited)

    def preview(self, actor: Actor, wish: GuestAddition) -> Preview:
        """The mail that a new guest would get; nothing is written. Raises as `add` does for the input."""
        now = self._clock()
        with self._db.read() as tx:
            rights = require(tx, self._settings(), actor, Right.INVITE, now)
            plan = self._checked(tx, actor, rights, wish, now, {})[1]
        return self._invitations.preview_of(plan, now)

    def forecast(
        self, tx: Connection, actor: Actor, rights: Rights, wishes: Sequence[GuestAddition | CommandError], now: int
    ) -> list[AdditionForecast | CommandError]:
        """What `carry_out` with keep would do to each of them now. A wish that is an error already stays one."""
        groups_read: dict[str, Group] = {}
        plans: list[CheckedInvitation | CommandError] = []
        for wish in wishes:
            try:
                plans.append(
                    wish if isinstance(wish, CommandError) else self._checked(tx, actor, rights, wish, now, groups_read)[1]
                )
            except CommandError as error:
                plans.append(error)
        addresses = {plan.email for plan in plans if not isinstance(plan, CommandError)}
        known = {person.email: person for person in people.by_emails(tx, addresses)}
        found: list[AdditionForecast | CommandError] = []
        for plan in plans:
            if isinstance(plan, CommandError):
                found.append(plan)
                continue
            person = known.get(plan.email)
            like = self._invitations.lookalike(plan.email)
            try:
                result = _RESULTS[self._invitations.forecast(tx, plan, person, now, keep=True)]
                added = person is not None and _has_access(person, now)
                found.append(AdditionForecast(email=plan.email, result=RowResult.ADDED if added else result, lookalike=like))
            except CommandError as error:
                found.append(error)
        return found

    def _checked(
        self, tx: Connection, actor: Actor, rights: Rights, wish: GuestAddition, now: int, groups_read: dict[str, Group]
    ) -> tuple[Group | None, CheckedInvitation]:
        """groups_read: by the name that was given, so that a list reads a group once."""
        settings = self._settings()
        if wish.group and wish.group not in groups_read:
            groups_read[wish.group] = self._group(tx, rights, wish.group)
        group = groups_read[wish.group] if wish.group else None
        plan = plan_of(settings, actor, rights, wish.invitation, now, group_id=group.id if group else None)
        if wish.role:
            file = settings.applications.get(plan.application or "")
            if file is None or wish.role not in file.roles or not rights.over_application(Right.ASSIGN, file.client_id):
                raise Invalid(f"there is no role {wish.role!r} to give here", "role_unknown")
        return group, plan

    @staticmethod
    def _group(tx: Connection, rights: Rights, name: str) -> Group:
        """The group, if the actor may fill it; for anybody else there is none (AD-01)."""
        group = group_named(tx, name)
        if not rights.over_group(Right.FILL_GROUPS, group.id):
            raise NotFound(f"there is no group {name!r}", "group_unknown")
        if group.is_dynamic:
            raise Conflict(f"who is in {group.name!r} is said by its rule alone", "group_is_dynamic")
        return group

    def _give(
        self,
        tx: Connection,
        actor: Actor,
        rights: Rights,
        plan: CheckedInvitation,
        wish: GuestAddition,
        group: Group | None,
        person: Person,
        now: int,
    ) -> None:
        """The assignment, where the actor may give it, and the membership."""
        if plan.application is not None and rights.over_application(Right.ASSIGN, plan.application):
            of_person = assignments.of(tx, Principal.PERSON, person.id, plan.application)
            held = next((one for one in of_person if one.role == wish.role), None)
            made = assignments.put(
                tx,
                Assignment(
                    id=new_id(),
                    principal=Principal.PERSON,
                    holder=person.id,
                    name=person.email,
                    application=plan.application,
                    role=wish.role,
                    starts_at=now,
                    ends_at=wish.invitation.until,
                ),
            )
            data: dict[str, object] = {
                "assignment": made.id,
                "role": wish.role,
                "starts_at": made.starts_at,
                "ends_at": made.ends_at,
            }
            data |= {"principal": Principal.PERSON.value, "holder": person.id}
            if held is not None:
                data["before"] = {"starts_at": held.starts_at, "ends_at": held.ends_at}
            event = Event(name="assignment.given", actor=actor, target=plan.application, subject=person.id, data=data)
            audit.record(tx, event, now)
        if group is not None and groups.add_member(tx, group.id, person.id, now):
            audit.record(tx, Event(name="group.member_added", actor=actor, target=group.id, subject=person.id), now)


def _has_access(person: Person, now: int) -> bool:
    return person.state is GuestState.ACTIVE and not person.is_expired(now)
