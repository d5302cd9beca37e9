"""Groups as programs keep them: lists, and members and owners by their ids, each reference new or nothing done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.group import Group, group_name
from broker.domain.guest import Person, PersonKind
from broker.domain.ids import new_id
from broker.domain.list_query import ListQuery
from broker.services.access.groups import checked_rule
from broker.services.authorization import Right, require, require_everywhere
from broker.services.core import Core
from broker.services.history import audit
from broker.services.lookup import living
from broker.storage.directory import groups, listed_groups, people
from broker.storage.directory.branches import RowKey
from broker.storage.engine import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEntry:
    """A group in a list of a program. rule: as written, None where members are added by hand. created_at: seconds since 1970, UTC."""

    id: str
    name: str
    rule: str | None
    created_at: int

    @classmethod
    def of(cls, group: Group) -> Self:
        """The entry of a group."""
        return cls(id=group.id, name=group.name, rule=group.rule, created_at=group.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupList:
    """A page. next_key: of the page behind it, None on the last one. count: of the whole list, None unless it was asked for."""

    rows: tuple[GroupEntry, ...]
    next_key: RowKey | None
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEntry:
    """A person to whom something refers: a member or owner of a group, an owner of an application."""

    id: str
    kind: PersonKind
    email: str
    name: str
    language: str

    @classmethod
    def of(cls, person: Person) -> Self:
        """The entry of a person."""
        return cls(id=person.id, kind=person.kind, email=person.email, name=person.name, language=person.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonList:
    """A page. next_key: the id behind which the next page begins, None on the last one."""

    rows: tuple[PersonEntry, ...]
    next_key: str | None


class GroupReferences:
    """A program has a right over all groups; for a person it has one over those that the person owns, too."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def page(self, actor: Actor, query: ListQuery, *, after: RowKey | None, limit: int, counted: bool) -> GroupList:
        """A page of groups behind a key. Raises Forbidden."""
        with self._db.read() as tx:
            own = self._own(tx, actor)
            rows, keys = listed_groups.page(tx, query, after=after, limit=limit + 1, own=own)
            count = listed_groups.count(tx, query, own=own) if counted else None
        next_key = keys[limit - 1] if len(rows) > limit else None
        return GroupList(rows=tuple(GroupEntry.of(group) for group in rows[:limit]), next_key=next_key, count=count)

    def count(self, actor: Actor, query: ListQuery) -> int:
        """How many groups a query finds. Raises Forbidden."""
        with self._db.read() as tx:
            return listed_groups.count(tx, query, own=self._own(tx, actor))

    def show(self, actor: Actor, group_id: str) -> GroupEntry:
        """One group. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            return GroupEntry.of(self._group(tx, actor, Right.SEE_GROUPS, group_id))

    def members(self, actor: Actor, group_id: str, *, after: str, limit: int) -> PersonList:
        """A page of members behind an id. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            group = self._group(tx, actor, Right.SEE_GROUPS, group_id)
            ids = [row[0] for row in groups.members(tx, group.id, after=after, limit=limit + 1)]
            known = people.by_ids(tx, ids[:limit])
        rows = tuple(PersonEntry.of(known[one]) for one in ids[:limit])
        return PersonList(rows=rows, next_key=ids[limit - 1] if len(ids) > limit else None)

    def owners(self, actor: Actor, group_id: str, *, after: str, limit: int) -> PersonList:
        """A page of the owners who are known, by id: an owner who has never signed in is an address without a person.

        Raises Forbidden, NotFound.
        """
        with self._db.read() as tx:
            group = self._group(tx, actor, Right.SEE_GROUPS, group_id)
            return page_of(people.by_emails(tx, group.owners), after=after, limit=limit)

    def create(self, actor: Actor, name: str, *, rule: str | None, members: Sequence[str], owners: Sequence[str]) -> GroupEntry:
        """Creates a group with its first members and owners, all of it or nothing.

        Raises Forbidden, Invalid (name, rule, an owner who is a guest), NotFound (a person), Conflict (the name is taken).
        """
        text, partner = checked_rule(self._settings(), None, rule)
        now = self._clock()
        with self._db.write() as tx:
            require_everywhere(tx, self._settings(), actor, Right.KEEP_GROUPS, now)
            owning = sorted(_of_staff(living(tx, one)) for one in owners)
            group = Group(id=new_id(), name=group_name(name), rule=text, partner=partner, owners=tuple(owning), created_at=now)
            if not groups.add(tx, group):
                raise Conflict(f"there is a group {group.name!r} already", "group_exists")
            data = {"name": group.name, "rule": group.rule or "", "owners": len(group.owners)}
            audit.record(tx, Event(name="group.created", actor=actor, target=group.id, data=data), now)
            self._join(tx, actor, group, members, now)
        return GroupEntry.of(group)

    def add_members(self, actor: Actor, group_id: str, ids: Sequence[str]) -> None:
        """Adds people by their ids, all or none.

        Raises Forbidden, NotFound (group, person), Conflict (a dynamic group; `reference_exists`: one of them is in it already).
        """
        now = self._clock()
        with self._db.write() as tx:
            group = self._group(tx, actor, Right.FILL_GROUPS, group_id)
            if group.is_dynamic:
                raise Conflict("the rule of this group alone decides who is in it", "group_is_dynamic")
            self._join(tx, actor, group, ids, now)

    def add_owner(self, actor: Actor, group_id: str, person_id: str) -> None:
        """Makes a member of staff an owner. Raises Forbidden, NotFound, Invalid (a guest), Conflict (`reference_exists`)."""
        now = self._clock()
        with self._db.write() as tx:
            group = self._group(tx, actor, Right.FILL_GROUPS, group_id)
            if not groups.add_owner(tx, group.id, _of_staff(living(tx, person_id))):
                raise Conflict("they own this group already", "reference_exists")
            self._tell_owners(tx, actor, group, len(group.owners) + 1, now)

    def remove_owner(self, actor: Actor, group_id: str, person_id: str) -> None:
        """Ends an ownership. Raises Forbidden, NotFound, Conflict (the last owner)."""
        now = self._clock()
        with self._db.write() as tx:
            group = self._group(tx, actor, Right.FILL_GROUPS, group_id)
            person = living(tx, person_id)
            if group.owners == (person.email,):
                raise Conflict("the group would be left without an owner; name another one first", "last_owner")
            if not groups.remove_owner(tx, group.id, person.email):
                raise NotFound("they do not own this group", "owner_unknown")
            self._tell_owners(tx, actor, group, len(group.owners) - 1, now)

    def _group(self, tx: Connection, actor: Actor, right: Right, group_id: str) -> Group:
        rights = require(tx, self._settings(), actor, right, self._clock())
        group = groups.by_id(tx, group_id)
        if group is None or not rights.over_group(right, group.id):
            raise NotFound(f"there is no group {group_id!r}", "group_unknown")
        return group

    def _own(self, tx: Connection, actor: Actor) -> frozenset[str] | None:
        """The groups that this actor may see; None: all. Raises Forbidden."""
        rights = require(tx, self._settings(), actor, Right.SEE_GROUPS, self._clock())
        return (
            None
            if rights.may_everywhere(Right.SEE_GROUPS)
            else rights.groups
            if Right.SEE_GROUPS in rights.own_group
            else frozenset()
        )

    @staticmethod
    def _join(tx: Connection, actor: Actor, group: Group, ids: Sequence[str], now: int) -> None:
        for person_id in sorted({living(tx, one).id for one in ids}):  # people are locked in this order everywhere
            if not groups.add_member(tx, group.id, person_id, now):
                raise Conflict("one of them is a member already", "reference_exists")
            audit.record(tx, Event(name="group.member_added", actor=actor, target=group.id, subject=person_id), now)

    @staticmethod
    def _tell_owners(tx: Connection, actor: Actor, group: Group, owners: int, now: int) -> None:
        data = {"name": group.name, "rule": group.rule or "", "owners": owners}
        audit.record(tx, Event(name="group.changed", actor=actor, target=group.id, data=data), now)


def page_of(found: Iterable[Person], *, after: str, limit: int) -> PersonList:
    """A page, by id, of people who are all in memory."""
    rows = sorted((PersonEntry.of(one) for one in found if one.id > after), key=lambda one: one.id)
    return PersonList(rows=tuple(rows[:limit]), next_key=rows[limit - 1].id if len(rows) > limit else None)


def _of_staff(person: Person) -> str:
    if person.kind is not PersonKind.MEMBER:
        raise Invalid("only members of the company's own staff own groups", "owner_is_guest")
    return person.email
