"""Groups as staff keep them: made, changed, filled by hand or by a rule, deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from broker.connectors.mapping import claims_map
from broker.domain import group_rule, mailbox
from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.group import Group, folded, group_name
from broker.domain.ids import new_id
from broker.services import authorization
from broker.services.addresses import parse
from broker.services.history import audit
from broker.services.lookup import group_named, living
from broker.services.policies import group_uses
from broker.services.policies.group_uses import Uses
from broker.settings.load import Settings
from broker.storage.directory import assignments, groups
from broker.storage.engine import Connection, Database

_BARE = re.compile(r"[A-Za-z_][\w.:/#-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group in full: how many members, a page of them as (id, address, name, since), and what it is assigned to."""

    group: Group
    count: int
    members: Sequence[tuple[str, str, str, int]]
    assignments: Sequence[Assignment]


class Groups:
    """The directory's groups. Administrators and the command line may do everything; an owner sees his group and fills it."""

    def __init__(self, db: Database, clock: Callable[[], int], settings: Callable[[], Settings]) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    def listed(self, actor: Actor, *, after: str = "", limit: int = 100) -> list[tuple[Group, int]]:
        """Groups by name with the number of members, a page behind the name `after`; of an owner's only his own."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            owner = authorization.limited_to(tx, settings, actor, now)
            return groups.listed(tx, after=after, limit=limit, owner=owner)

    def show(self, actor: Actor, name: str, *, after: str = "", limit: int = 100) -> GroupView:
        """A group with a page of members behind the id `after`. Raises NotFound."""
        with self._db.read() as tx:
            group = self._owned(tx, actor, name)
            members = groups.members(tx, group.id, after=after, limit=limit)
            return GroupView(group, groups.count(tx, group.id), members, assignments.of(tx, Principal.GROUP, group.id))

    def of_person(self, person_id: str) -> list[tuple[Group, int]]:
        """The groups that a person is in now, by name, and since when."""
        with self._db.read() as tx:
            return groups.of_person(tx, person_id)

    def create(
        self, actor: Actor, name: str, *, owners: Iterable[str] = (), partner: str | None = None, rule: str | None = None
    ) -> Group:
        """A new group. With a partner or a rule it is dynamic. Raises Invalid (name, address, rule), Conflict (name taken)."""
        text, needed = self._rule(partner, rule)
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
            authorization.administer(tx, self._settings(), actor, now)
            if not groups.add(tx, group):
                raise Conflict(f"there is a group {group.name!r} already", "group_exists")
            data = {"name": group.name, "rule": group.rule or "", "owners": len(group.owners)}
            audit.record(tx, Event(name="group.created", actor=actor, target=group.id, data=data), now)
        return group

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
    ) -> Group:
        """Another name, another rule, other owners. A new rule empties the group: each member's next sign-in is judged by it.

        An owner may change owners, never take the last one away (AD-03). A name that policies use is kept, unless they use
        the new one as well, or `force` (FC-03). Raises NotFound, Invalid, Conflict.
        """
        added, removed, now = [parse(owner) for owner in add_owners], [parse(owner) for owner in remove_owners], self._clock()
        with self._db.write() as tx:
            before = group = self._owned(tx, actor, name)
            if rename is not None or rule is not None:
                authorization.administer(tx, self._settings(), actor, now)
            if rule is not None:
                if not group.is_dynamic:
                    raise Conflict(
                        f"the members of {group.name!r} are kept by hand; make a new group for a rule", "group_by_hand"
                    )
                text, needed = self._rule(None, rule)
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
            return replace(group, owners=owners)

    def _keep_named(self, before: Group, after: Group) -> None:
        """Raises Conflict where a policy would name a group that no longer has this name."""
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

    def remove(self, actor: Actor, name: str, *, force: bool = False) -> tuple[Group, Uses]:
        """Delete a group: its memberships and assignments end with it, for running tokens too. What depended on it.

        Raises NotFound, Conflict where something depends on it, unless `force` (FC-03).
        """
        now = self._clock()
        with self._db.write() as tx:
            group = self._owned(tx, actor, name)
            authorization.administer(tx, self._settings(), actor, now)
            uses = group_uses.of(tx, self._settings().policies, group, now)
            if uses and not force:
                raise Conflict(
                    f"group {group.name!r} is in use: {uses.named}; change these first, or delete it with --force", "group_in_use"
                )
            policies, applications = sorted({use.policy for use in uses.policies}), list(uses.applications)
            data = {"name": group.name, "members": uses.members, "policies": policies, "applications": applications}
            groups.remove(tx, group.id)
            audit.record(tx, Event(name="group.deleted", actor=actor, target=group.id, data=data), now)
        return group, uses

    def add_members(self, actor: Actor, name: str, guests: Sequence[str]) -> int:
        """Put people into a group, all or none; the number of those who were not in it. Raises NotFound, Conflict (a rule)."""
        now = self._clock()
        with self._db.write() as tx:
            group = self._by_hand(tx, actor, name)
            added = [person for person in self._people(tx, guests) if groups.add_member(tx, group.id, person, now)]
            self._tell(tx, "group.member_added", actor, group, added, now)
        return len(added)

    def remove_members(self, actor: Actor, name: str, guests: Sequence[str]) -> int:
        """Take people out of a group, all or none; what it gave them ends at once. Raises NotFound, Conflict (a rule)."""
        now = self._clock()
        with self._db.write() as tx:
            group = self._by_hand(tx, actor, name)
            removed = [person for person in self._people(tx, guests) if groups.remove_member(tx, group.id, person)]
            if not removed:
                raise NotFound(f"nobody of these is in {group.name!r}", "member_unknown")
            self._tell(tx, "group.member_removed", actor, group, removed, now)
        return len(removed)

    @staticmethod
    def _people(tx: Connection, names: Sequence[str]) -> list[str]:
        """Their ids, in the one order in which several people are locked (storage/directory/guest_schedule.py)."""
        return sorted({living(tx, name).id for name in names})

    @staticmethod
    def _tell(tx: Connection, name: str, actor: Actor, group: Group, people: Iterable[str], now: int) -> None:
        for person_id in people:
            audit.record(tx, Event(name=name, actor=actor, target=group.id, subject=person_id), now)

    def _owned(self, tx: Connection, actor: Actor, name: str) -> Group:
        """A group that the actor may see and fill; for anybody else there is none (AD-01)."""
        group = group_named(tx, name)
        owner = authorization.limited_to(tx, self._settings(), actor, self._clock())
        if owner is not None and owner not in group.owners:
            raise NotFound(f"there is no group {name!r}", "group_unknown")
        return group

    def _by_hand(self, tx: Connection, actor: Actor, name: str) -> Group:
        group = self._owned(tx, actor, name)
        if group.is_dynamic:
            raise Conflict(
                f"who is in {group.name!r} is said by its rule alone, at each sign-in: {group.rule}", "group_is_dynamic"
            )
        return group

    def _rule(self, partner: str | None, rule: str | None) -> tuple[str | None, str | None]:
        """(rule as stored, the partner that it cannot do without). Raises Invalid."""
        if partner is None and rule is None:
            return None, None
        text = (rule or "").strip()
        if rule is not None:
            group_rule.read(text)  # so that an error names the column of what was given
        if partner is not None:
            only = f"partner = {partner}" if _BARE.fullmatch(partner) else f'partner = "{partner}"'
            text = f"{only} and ({text})" if text else only
        whole = group_rule.parse(text)
        for name in sorted(group_rule.partners(whole) - {*self._settings().partners, mailbox.PARTNER}):
            raise Invalid(f"there is no partner {name!r}: no file config/partners/{name}.yaml", "partner_unknown")
        return text, group_rule.partner_of(whole)

    def unmapped(self, group: Group) -> list[str]:
        """Attributes of a group's rule that no partner's file maps: the rule waits for something that never comes."""
        if group.rule is None:
            return []
        files = self._settings().partners
        speaking = [file for file in files.values() if group.partner in ("", file.id)]
        mapped = {claim for file in speaking for claim in claims_map(file.claims)}
        return sorted(group_rule.attributes(group_rule.read(group.rule)) - mapped)
