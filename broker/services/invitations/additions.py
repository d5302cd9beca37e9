"""Adds a guest: the invitation, where one is needed, with an application, a role and a group, in one transaction.

What a guest has elsewhere stays as it is: an owner gives what they own, and changes neither name, sponsor nor end of somebody who is
here already (AD-01).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.group import Group
from broker.domain.guest import GuestState, Person
from broker.domain.ids import new_id
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


class GuestAdditions:
    """Add one, look at the mail of one."""

    def __init__(self, core: Core, invitations: Invitations) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._invitations = invitations

    def add(self, actor: Actor, wish: GuestAddition) -> AddedGuest:
        """Add a guest. Raises Forbidden, NotFound (a group), Invalid, Conflict (a member, a blocked guest, a rule), TooMany."""
        now = self._clock()
        with self._db.write() as tx:
            rights, group, plan = self._checked(tx, actor, wish, now)
            known = people.by_email(tx, plan.email, lock=True)
            active = known is not None and known.state is GuestState.ACTIVE and not known.is_expired(now)
            invited = None
            if not active or known is None:
                mine = plan if known is None else replace(plan, sponsor=None, wish=replace(plan.wish, name="", until=None))
                invited = self._invitations.carry_out(tx, actor, mine, now)
            person = people.by_email(tx, plan.email)
            if person is None:
                raise Conflict("the address is being changed by somebody else; try again", "address_busy")
            self._give(tx, actor, rights, plan, wish, group, person, now)
        return AddedGuest(guest_id=person.id, email=person.email, invited=invited)

    def preview(self, actor: Actor, wish: GuestAddition) -> Preview:
        """The mail that a new guest would get; nothing is written. Raises as `add` does for the input."""
        now = self._clock()
        with self._db.read() as tx:
            plan = self._checked(tx, actor, wish, now)[2]
        return self._invitations.preview_of(plan, now)

    def _checked(
        self, tx: Connection, actor: Actor, wish: GuestAddition, now: int
    ) -> tuple[Rights, Group | None, CheckedInvitation]:
        settings = self._settings()
        rights = require(tx, settings, actor, Right.INVITE, now)
        group = self._group(tx, rights, wish.group) if wish.group else None
        plan = plan_of(settings, actor, rights, wish.invitation, now, group_id=group.id if group else None)
        if wish.role:
            file = settings.applications.get(plan.application or "")
            if file is None or wish.role not in file.roles or not rights.over_application(Right.ASSIGN, file.client_id):
                raise Invalid(f"there is no role {wish.role!r} to give here", "role_unknown")
        return rights, group, plan

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
            data = {"assignment": made.id, "role": wish.role, "starts_at": made.starts_at, "ends_at": made.ends_at}
            data |= {"principal": Principal.PERSON.value, "holder": person.id}
            event = Event(name="assignment.given", actor=actor, target=plan.application, subject=person.id, data=data)
            audit.record(tx, event, now)
        if group is not None and groups.add_member(tx, group.id, person.id, now):
            audit.record(tx, Event(name="group.member_added", actor=actor, target=group.id, subject=person.id), now)
