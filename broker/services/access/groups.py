"""Groups: staff create, change and delete them; staff or a rule adds members."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from broker.connectors.mapping import claims_map
from broker.domain import group_rule, mailbox
from broker.domain.assignment import Principal
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.group import Group, folded, group_name
from broker.domain.ids import new_id
from broker.services import authorization
from broker.services.access.views import AssignmentView, DeletedGroup, GroupRow, GroupUses, GroupView, MemberView
from broker.services.addresses import parse
from broker.services.authorization import Right, Rights
from broker.services.core import Core
from broker.services.history import audit
from broker.services.lookup import group_named, group_seen, living
from broker.services.policies import group_uses
from broker.settings.load import Settings
from broker.storage.directory import assignments, groups
from broker.storage.engine import Connection

_BARE = re.compile(r"[A-Za-z_][\w.:/#-]*", re.ASCII)


def _address(rights: Rights) -> str:
    return rights.person.email if rights.person else ""


class Groups:
    """Who may keep all groups does everything; owners see their groups and change the members."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def listed(self, actor: Actor, *, after: str = "", limit: int = 100) -> tuple[GroupRow, ...]:
        """A page of groups after the name `after`; owners get their own groups only."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            rights = authorization.rights_of_staff(tx, settings, actor, now)
            owner = None if rights.may_everywhere(Right.SEE_GROUPS) else _address(rights)
            found = groups.listed(tx, after=after, limit=limit, owner=owner)
        return tuple(GroupRow.of(group, count) for group, count in found)

    def show(self, actor: Actor, name: str, *, after: str = "", limit: int = 100) -> GroupView:
        """A group with a page of members after the id `after`. Raises NotFound."""
        now = self._clock()
        with self._db.read() as tx:
            group = group_seen(tx, authorization.rights_of_staff(tx, self._settings(), actor, now), name)
            page = groups.members(tx, group.id, after=after, limit=limit)
            return GroupView(
                group=GroupRow.of(group, groups.count(tx, group.id)),
                members=tuple(MemberView(id=row[0], email=row[1], name=row[2], since=row[3]) for row in page),
                assignments=tuple(AssignmentView.of(one, now) for one in assignments.of(tx, Principal.GROUP, group.id)),
            )

    def uses(self, actor: Actor, name: str) -> GroupUses:
        """What depends on a group: whether it can be deleted. Raises NotFound."""
        now = self._clock()
        with self._db.read() as tx:
            group = group_seen(tx, authorization.rights_of_staff(tx, self._settings(), actor, now), name)
            found = group_uses.of(tx, self._settings().policies, group, now)
        return GroupUses(
            policies=tuple(sorted({use.policy for use in found.policies})), applications=found.applications, members=found.members
        )

    def create(
        self, actor: Actor, name: str, *, owners: Iterable[str] = (), partner: str | None = None, rule: str | None = None
    ) -> GroupRow:
        """Creates a group. With a partner or a rule it is dynamic. Raises Invalid (name, address, rule), Conflict (name taken)."""
        text, needed = checked_rule(self._settings(), partner, rule)
        now = self._clock()
        group = Group(
            id=new_id(),
            name=group_name(name),
            rule=text,
            partner=needed,
            owners=tuple(sorted({parse(owner) for owner in owners})),
            created_at=now,
        )
        with self._db.write() as tx:
            authorization.require_everywhere(tx, self._settings(), actor, Right.KEEP_GROUPS, now)
            if not groups.add(tx, group):
                raise Conflict(f"there is a group {group.name!r} already", "group_exists")
            data = {"name": group.name, "rule": group.rule or "", "owners": len(group.owners)}
            audit.record(tx, Event(name="group.created", actor=actor, target=group.id, data=data), now)
        return GroupRow.of(group, 0)

    def change(
        self,
        actor: Actor,
        name: str,
        *,
        rename: str | None = None,
        rule: str | None = None,
        add_owners: Iterable[str] = (),
        remove_owners: Iterable[str] = (),
        force: bool = False,
    ) -> GroupRow:
        """Changes name, rule or owners. A new rule empties the group; it applies at the next sign-in of each person.

        Owners may change owners, but never remove the last one (AD-03). A rename is refused while policies use only the old
        name, unless `force` (FC-03). Raises NotFound, Invalid, Conflict.
        """
        added, removed, now = [parse(owner) for owner in add_owners], [parse(owner) for owner in remove_owners], self._clock()
        with self._db.write() as tx:
            before = group = self._owned(tx, actor, name)
            if rename is not None or rule is not None:
                authorization.require_everywhere(tx, self._settings(), actor, Right.KEEP_GROUPS, now)
            if rule is not None:
                if not group.is_dynamic:
                    raise Conflict(
                        f"the members of {group.name!r} are kept by hand; make a new group for a rule", "group_by_hand"
                    )
                text, needed = checked_rule(self._settings(), None, rule)
                group = replace(group, rule=text, partner=needed)
            if rename is not None:
                group = replace(group, name=group_name(rename))
                if not force:
                    self._keep_named(before, group)
            if not groups.change(tx, group, empty=group.rule != before.rule):
                raise Conflict(f"there is a group {group.name!r} already", "group_exists")
            owners = self._own(tx, group, added, removed)
            data = {"name": group.name, "rule": group.rule or "", "owners": len(owners)}
            audit.record(tx, Event(name="group.changed", actor=actor, target=group.id, data=data), now)
            return GroupRow.of(replace(group, owners=owners), groups.count(tx, group.id))

    def _keep_named(self, before: Group, after: Group) -> None:
        """Raises Conflict if a policy would then name a group that does not exist."""
        uses = list(group_uses.named(self._settings().policies))
        known = {(use.policy, use.side) for use in uses if folded(use.group) == folded(after.name)}
        lost = sorted(
            {use.policy for use in uses if folded(use.group) == folded(before.name) and (use.policy, use.side) not in known}
        )
        if lost and folded(before.name) != folded(after.name):
            message = f"{before.name!r} is named by policy {', '.join(lost)}: write {after.name!r} there beside it first"
            raise Conflict(message, "group_in_use")

    @staticmethod
    def _own(tx: Connection, group: Group, added: Sequence[str], removed: Sequence[str]) -> tuple[str, ...]:
        owners = {*group.owners, *added} - set(removed)
        if group.owners and not owners:
            raise Conflict(f"{group.name!r} would be left without an owner; name another one first", "last_owner")
        for email in added:
            groups.add_owner(tx, group.id, email)
        for email in removed:
            if not groups.remove_owner(tx, group.id, email):
                raise NotFound(f"{email} does not own {group.name!r}", "owner_unknown")
        return tuple(sorted(owners))

    def remove(self, actor: Actor, name: str, *, force: bool = False) -> DeletedGroup:
        """Deletes a group with its memberships and assignments; tokens that depended on them end.

        Raises NotFound, and Conflict where something depends on the group, unless `force` (FC-03).
        """
        now = self._clock()
        with self._db.write() as tx:
            group = self._owned(tx, actor, name)
            authorization.require_everywhere(tx, self._settings(), actor, Right.KEEP_GROUPS, now)
            uses = group_uses.of(tx, self._settings().policies, group, now)
            if uses and not force:
                raise Conflict(
                    f"group {group.name!r} is in use: {uses.named}; change these first, or delete it with --force", "group_in_use"
                )
            policies, applications = sorted({use.policy for use in uses.policies}), list(uses.applications)
            data = {"name": group.name, "members": uses.members, "policies": policies, "applications": applications}
            groups.remove(tx, group.id)
            audit.record(tx, Event(name="group.deleted", actor=actor, target=group.id, data=data), now)
        return DeletedGroup(group=GroupRow.of(group, 0), consequences=uses.consequences)

    def add_members(self, actor: Actor, name: str, guests: Sequence[str]) -> int:
        """Adds people to a group, all or none; returns how many are new in it. Raises NotFound, Conflict (a dynamic group)."""
        now = self._clock()
        with self._db.write() as tx:
            group = self._by_hand(tx, actor, name)
            added = [person for person in self._people(tx, guests) if groups.add_member(tx, group.id, person, now)]
            self._tell(tx, "group.member_added", actor, group, added, now)
        return len(added)

    def remove_members(self, actor: Actor, name: str, guests: Sequence[str]) -> int:
        """Removes people from a group, all or none; what it gave them ends now. Raises NotFound, Conflict (a dynamic group)."""
        now = self._clock()
        with self._db.write() as tx:
            group = self._by_hand(tx, actor, name)
            removed = [person for person in self._people(tx, guests) if groups.remove_member(tx, group.id, person)]
            if not removed:
                raise NotFound(f"nobody of these is in {group.name!r}", "member_unknown")
            self._tell(tx, "group.member_removed", actor, group, removed, now)
        return len(removed)

    def take_out(self, tx: Connection, actor: Actor, group: Group, person_id: str, now: int, *, reason: str = "") -> None:
        """Removes one person in the transaction of its cause. Raises NotFound, Conflict (a dynamic group)."""
        if group.is_dynamic:
            raise _ruled(group)
        if not groups.remove_member(tx, group.id, person_id):
            raise NotFound(f"they are not in {group.name!r}", "member_unknown")
        self._tell(tx, "group.member_removed", actor, group, [person_id], now, reason)

    @staticmethod
    def _people(tx: Connection, names: Sequence[str]) -> list[str]:
        """Their ids, in the order in which people are locked everywhere (storage/directory/guest_schedule.py)."""
        return sorted({living(tx, name).id for name in names})

    @staticmethod
    def _tell(tx: Connection, name: str, actor: Actor, group: Group, people: Iterable[str], now: int, reason: str = "") -> None:
        personal = {"reason": reason} if reason else {}
        for person_id in people:
            audit.record(tx, Event(name=name, actor=actor, target=group.id, subject=person_id, personal=personal), now)

    def _owned(self, tx: Connection, actor: Actor, name: str) -> Group:
        """A group that the actor may see and fill; for another actor it does not exist (AD-01). Raises NotFound."""
        group = group_named(tx, name)
        rights = authorization.rights_of_staff(tx, self._settings(), actor, self._clock())
        if not rights.over_group(Right.FILL_GROUPS, group.id):
            raise NotFound(f"there is no group {name!r}", "group_unknown")
        return group

    def _by_hand(self, tx: Connection, actor: Actor, name: str) -> Group:
        group = self._owned(tx, actor, name)
        if group.is_dynamic:
            raise _ruled(group)
        return group

    def unmapped(self, group: GroupRow) -> tuple[str, ...]:
        """The attributes of a group's rule that no partner's file maps, so that the rule can never match."""
        if group.rule is None:
            return ()
        files = self._settings().partners
        speaking = [file for file in files.values() if group.partner in ("", file.id)]
        mapped = {claim for file in speaking for claim in claims_map(file.claims)}
        return tuple(sorted(group_rule.attributes(group_rule.read(group.rule)) - mapped))


def _ruled(group: Group) -> Conflict:
    return Conflict(f"who is in {group.name!r} is said by its rule alone, at each sign-in: {group.rule}", "group_is_dynamic")


def checked_rule(settings: Settings, partner: str | None, rule: str | None) -> tuple[str | None, str | None]:
    """(the rule as stored, the partner that it requires). Raises Invalid."""
    if partner is None and rule is None:
        return None, None
    text = (rule or "").strip()
    if rule is not None:
        group_rule.read(text)  # so that an error names the column of what was given
    if partner is not None:
        only = f"partner = {partner}" if _BARE.fullmatch(partner) else f'partner = "{partner}"'
        text = f"{only} and ({text})" if text else only
    whole = group_rule.parse(text)
    for name in sorted(one for one in group_rule.partners(whole) - {mailbox.PARTNER} if one not in settings.partners):
        raise Invalid(f"there is no partner {name!r}: no file config/partners/{name}.yaml", "partner_unknown")
    return text, group_rule.partner_of(whole)
