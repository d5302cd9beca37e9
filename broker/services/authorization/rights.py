"""What one actor may do at this moment. Each use case asks again, so a withdrawn right ends at once (SC-06)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from broker.domain.audit import Actor, ActorKind
from broker.domain.errors import Forbidden, NotFound
from broker.domain.group import folded
from broker.domain.guest import Person
from broker.services.authorization.acts import EVERYWHERE, MAY, OWN_APPLICATION, OWN_GROUP, Right, Role
from broker.services.authorization.permissions import permitted
from broker.services.authorization.staff import ALL, acting_person, is_administrator, is_at_work
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.directory import groups, guest_scope
from broker.storage.directory.guest_scope import GuestScope
from broker.storage.engine import Connection

_GROUP = "group:"
_ALL_RIGHTS = frozenset(Right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Frozen: what an actor may do, and where. Ask `may`, `over_application` and `over_group`.

    person: the member of staff who acts; None for the command line and our own jobs. everywhere: rights that hold for
    everything. applications: client ids that this person owns. groups: ids of groups that this person owns. limits: the only rights that
    count, because the person acts through an application.
    """

    person: Person | None = None
    roles: frozenset[Role] = frozenset()
    everywhere: frozenset[Right] = frozenset()
    applications: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    limits: frozenset[Right] = _ALL_RIGHTS

    def may(self, right: Right) -> bool:
        """Whether this actor may do it to anything at all: what a page or a menu asks."""
        return (
            self.may_everywhere(right)
            or (bool(self.applications) and right in self.own_application)
            or (bool(self.groups) and right in self.own_group)
        )

    @property
    def own_application(self) -> frozenset[Right]:
        """The rights over an application that this person owns."""
        return OWN_APPLICATION & self.limits

    @property
    def own_group(self) -> frozenset[Right]:
        """The rights over a group that this person owns."""
        return OWN_GROUP & self.limits

    def may_everywhere(self, right: Right) -> bool:
        """Whether this actor may do it to everything."""
        return right in self.everywhere and right in self.limits

    def over_application(self, right: Right, client_id: str | None) -> bool:
        """Whether this actor may do it to an application, or to a guest of that application."""
        return self.may_everywhere(right) or (right in self.own_application and client_id in self.applications)

    def over_group(self, right: Right, group_id: str | None) -> bool:
        """Whether this actor may do it to a group, or to a guest in that group."""
        return self.may_everywhere(right) or (right in self.own_group and group_id in self.groups)


NOTHING = Rights()
_EVERYTHING = Rights(roles=frozenset({Role.ADMINISTRATOR}), everywhere=_ALL_RIGHTS)


def rights_of(tx: Connection, settings: Settings, actor: Actor, now: int) -> Rights:
    """What this actor may do. The command line and our own jobs may everything, a guest nothing here.

    An application may what `api_permissions` of its file says now: a permission that is withdrawn ends at once (AD-04). For a person it
    may what both of them may.
    """
    if actor.kind in ALL:
        return _EVERYTHING
    if actor.kind is ActorKind.APPLICATION:
        file = settings.applications.get(actor.id)
        return NOTHING if file is None else Rights(everywhere=permitted(file.api_permissions))
    person = acting_person(tx, actor)
    if person is None:
        return NOTHING
    found = rights_of_person(tx, settings, person, now)
    return found if actor.permissions is None else replace(found, limits=permitted(actor.permissions))


def rights_of_person(tx: Connection, settings: Settings, person: Person, now: int) -> Rights:
    """The same for a person whose row was read in this transaction: one statement."""
    if not is_at_work(person, now) or not person.email_verified:
        return NOTHING
    named = _role_groups(settings)
    owned, inside = groups.owned_and_joined(tx, person.email, person.id, {folded(name) for name in named})
    roles = frozenset(_roles(settings, person, inside, now))
    return Rights(
        person=person,
        roles=roles
        | frozenset({Role.GROUP_OWNER} if owned else ())
        | frozenset({Role.APPLICATION_OWNER} if (mine := _applications(settings, person)) else ()),
        everywhere=frozenset().union(*(MAY[role] for role in roles)),
        applications=mine,
        groups=owned,
    )


def rights_of_staff(tx: Connection, settings: Settings, actor: Actor, now: int) -> Rights:
    """The rights of a member at work, of an application with permissions, of the command line or of our own jobs, however few.

    Raises Forbidden for everybody else.
    """
    found = rights_of(tx, settings, actor, now)
    if found.person is None and not found.everywhere:
        raise Forbidden("only members of staff may do that", "not_staff")
    return found


def require(tx: Connection, settings: Settings, actor: Actor, right: Right, now: int) -> Rights:
    """The actor's rights, if this one is among them for anything at all. Raises Forbidden."""
    found = rights_of(tx, settings, actor, now)
    if not found.may(right):
        raise Forbidden("you may not do that", f"no_right_{right}")
    return found


def require_everywhere(tx: Connection, settings: Settings, actor: Actor, right: Right, now: int) -> Rights:
    """The actor's rights, if this one is among them for everything: an owner's own things are not enough. Raises Forbidden."""
    found = rights_of(tx, settings, actor, now)
    if not found.may_everywhere(right):
        raise Forbidden("you may not do that", f"no_right_{right}")
    return found


def over_application(tx: Connection, settings: Settings, actor: Actor, right: Right, client_id: str, now: int) -> ApplicationFile:
    """An application, if this actor may do this to it; else it does not exist for them (AD-01). Raises Forbidden, NotFound."""
    found = require(tx, settings, actor, right, now)
    file = settings.applications.get(client_id)
    if file is None or not found.over_application(right, client_id):
        raise NotFound(f"there is no application {client_id!r}", "application_unknown")
    return file


def scope_of(rights: Rights, right: Right) -> GuestScope | None:
    """The guests over whom this right holds; None: all of them."""
    if rights.may_everywhere(right):
        return None
    return GuestScope(
        applications=rights.applications if right in rights.own_application else frozenset(),
        groups=rights.groups if right in rights.own_group else frozenset(),
    )


def over_guest(tx: Connection, rights: Rights, right: Right, person_id: str) -> bool:
    """Whether the actor may do this to this guest: everywhere, or as owner of what the guest has."""
    scope = scope_of(rights, right)
    if scope is None:
        return True
    return bool(scope.applications or scope.groups) and guest_scope.holds(tx, scope, person_id)


def check_invite(settings: Settings, rights: Rights, client_id: str | None, group_id: str | None = None) -> None:
    """Raises Forbidden unless the actor may invite to this application, without one to this group, else to everything (IN-11)."""
    if rights.over_application(Right.INVITE, client_id) or (client_id is None and rights.over_group(Right.INVITE, group_id)):
        return
    application = settings.applications.get(client_id or "")
    where = application.name if application else "everything"
    raise Forbidden(
        f"you may not invite to {where}: only administrators may, and the owners of an application to it", "not_an_owner"
    )


def _roles(settings: Settings, person: Person, inside: frozenset[str], now: int) -> Iterable[Role]:
    """inside: folded names of the role groups that this person is a member of."""
    if is_administrator(settings, person, now):
        yield Role.ADMINISTRATOR
    written = settings.broker.roles
    lists = {Role.AUDITOR: written.auditors, Role.HELP_DESK: written.help_desk, Role.GUEST_INVITER: written.guest_inviters}
    for role in EVERYWHERE:
        entries = lists.get(role, ())
        if person.email in entries or any(
            folded(one.removeprefix(_GROUP)) in inside for one in entries if one.startswith(_GROUP)
        ):
            yield role


def _role_groups(settings: Settings) -> set[str]:
    """Names of the groups that `roles:` speaks of."""
    written = settings.broker.roles
    entries = (*written.auditors, *written.help_desk, *written.guest_inviters)
    return {one.removeprefix(_GROUP) for one in entries if one.startswith(_GROUP)}


def _applications(settings: Settings, person: Person) -> frozenset[str]:
    return frozenset(client_id for client_id, file in settings.applications.items() if person.email in file.owners)
