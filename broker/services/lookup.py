"""Whom a name means: a guest by address or id, a group by name or id."""

from __future__ import annotations

from broker.domain.assignment import Principal
from broker.domain.audit import Actor, ActorKind
from broker.domain.errors import Forbidden, NotFound
from broker.domain.group import Group, is_uuid
from broker.domain.guest import GuestState, Person, PersonKind
from broker.services.addresses import canonical
from broker.services.authorization import Right, Rights, Role, over_guest, require
from broker.settings.load import Settings
from broker.storage.directory import groups, people
from broker.storage.engine import Connection


def named(tx: Connection, name: str, *, lock: bool = False) -> Person:
    """The person of an address or id. lock: nobody else changes them until the transaction ends. Raises NotFound."""
    email = canonical(name) if "@" in name else None
    person = None
    if email:
        person = people.by_email(tx, email, lock=lock)
    elif is_uuid(name):
        person = people.by_id(tx, name.lower(), lock=lock)
    if person is None:
        raise NotFound(f"there is no guest {name!r}", "guest_unknown")
    return person


def living(tx: Connection, name: str, *, lock: bool = False) -> Person:
    """The same, if they are not deleted. Raises NotFound."""
    person = named(tx, name, lock=lock)
    if person.state is GuestState.DELETED:
        raise NotFound(f"there is no guest {name!r}", "guest_unknown")
    return person


def guest_for(
    tx: Connection, settings: Settings, actor: Actor, right: Right, name: str, now: int, *, lock: bool = False
) -> Person:
    """The guest of an address or id, if this actor may do this to them; staff act on staff as administrators only.

    Somebody whom the actor may not see does not exist for them (AD-01). lock: as `named`. Raises NotFound, Forbidden.
    """
    rights = require(tx, settings, actor, Right.SEE_GUESTS, now)
    person = named(tx, name, lock=lock)
    if person.kind is PersonKind.MEMBER and actor.kind is ActorKind.APPLICATION:  # it may read members, and that is all
        raise Forbidden("members are managed by their own home organization, not here", "is_member")
    if person.kind is PersonKind.MEMBER and Role.ADMINISTRATOR not in rights.roles:
        raise NotFound(f"there is no guest {name!r}", "guest_unknown")
    if not over_guest(tx, rights, Right.SEE_GUESTS, person.id):
        raise NotFound(f"there is no guest {name!r}", "guest_unknown")
    if not over_guest(tx, rights, right, person.id):
        raise Forbidden("you may not do that", f"no_right_{right}")
    return person


def group_named(tx: Connection, name: str) -> Group:
    """The group of a name or id. Raises NotFound."""
    group = groups.by_id(tx, name.lower()) if is_uuid(name) else groups.by_name(tx, name)
    if group is None:
        raise NotFound(f"there is no group {name!r}", "group_unknown")
    return group


def group_seen(tx: Connection, rights: Rights, name: str) -> Group:
    """The same, if these rights show it: their owner's, or anybody's who sees all groups. Raises NotFound (AD-01)."""
    group = group_named(tx, name)
    if not rights.over_group(Right.SEE_GROUPS, group.id):
        raise NotFound(f"there is no group {name!r}", "group_unknown")
    return group


def holder_named(tx: Connection, name: str, *, lock: bool = False) -> tuple[Principal, Person | Group]:
    """A guest, or a group: an address is a guest's, an id anybody's, all else a group's name. lock: a guest. Raises NotFound."""
    if "@" in name:
        return Principal.PERSON, living(tx, name, lock=lock)
    person = people.by_id(tx, name.lower(), lock=lock) if is_uuid(name) else None
    if person is not None and person.state is not GuestState.DELETED:
        return Principal.PERSON, person
    try:
        return Principal.GROUP, group_named(tx, name)
    except NotFound:
        raise NotFound(f"there is no guest and no group {name!r}", "holder_unknown") from None
