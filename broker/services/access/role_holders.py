"""Who has which role, as config/broker.yaml and the owners say it: for a page that reads, and changes nothing.

A role counts for a member at work with a verified address, and for nobody else (SC-06). So each address that is named here comes with what
it is worth now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from broker.domain.audit import Actor
from broker.domain.group import folded
from broker.domain.guest import Person, PersonKind
from broker.domain.ids import file_id
from broker.services.authorization import Right, Role, is_at_work, require_everywhere
from broker.services.core import Core
from broker.settings.load import Settings
from broker.storage.directory import people, role_groups
from broker.storage.engine import Connection

COUNTED = 1_000  # members of one group; more are not counted
SHOWN = 10  # groups of one owner; of more it is known only that there are more
_GROUP = "group:"


class NameStanding(StrEnum):
    """What a named address is worth. Only `counts` gives a right."""

    COUNTS = "counts"
    UNKNOWN = "unknown"  # no person here has this address
    GUEST = "guest"
    UNVERIFIED = "unverified"  # a member whose address no partner has verified
    ENDED = "ended"  # a member who is blocked, or whose access is over


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAddress:
    """An address that a file names."""

    email: str
    name: str
    standing: NameStanding


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedGroup:
    """A group that `roles:` names. id: "" if there is no such group. staff: those of its members who have the role, counted among `members`,
    which are counted up to COUNTED; more: there are more.
    """

    id: str
    name: str
    members: int = 0
    staff: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleHolders:
    """One role of broker.yaml."""

    role: Role
    addresses: tuple[NamedAddress, ...]
    groups: tuple[NamedGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerView:
    """What one address owns. applications: (stable UUID, name). groups: (id, name), at most SHOWN; more_groups: there are more."""

    address: NamedAddress
    applications: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, str], ...]
    more_groups: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesView:
    """A page. without_right: addresses of `roles` that give no right now. next_owner: the address behind which the next page begins."""

    roles: tuple[RoleHolders, ...]
    without_right: int
    owners: tuple[OwnerView, ...]
    next_owner: str | None


class RoleOverview:
    """Reads; asks for the right first."""

    def __init__(self, core: Core) -> None:
        self._db, self._clock, self._settings = core.db, core.clock, core.settings

    def show(self, actor: Actor, *, after: str = "", limit: int = 25) -> RolesView:
        """Every role of broker.yaml, and a page of owners behind the address `after`: six statements at most. Raises Forbidden."""
        now, settings = self._clock(), self._settings()
        entries = _entries(settings)
        with self._db.read() as tx:
            require_everywhere(tx, settings, actor, Right.SEE_ROLES, now)
            owners = _owners(tx, settings, after, limit + 1)
            page = owners[:limit]
            named = {one for some in entries.values() for one in some if not one.startswith(_GROUP)}
            known = {one.email: one for one in people.by_emails(tx, named | set(page))}
            groups = _groups(tx, entries, now)
            owned = role_groups.owned(tx, page, limit=SHOWN + 1)
        roles = tuple(_holders(role, some, known, groups, now) for role, some in entries.items())
        worthless = {one.email for role in roles for one in role.addresses if one.standing is not NameStanding.COUNTS}
        return RolesView(
            roles=roles,
            without_right=len(worthless),
            owners=tuple(_owner(settings, _address(email, known, now), owned.get(email, [])) for email in page),
            next_owner=page[-1] if len(owners) > limit else None,
        )


def _entries(settings: Settings) -> dict[Role, tuple[str, ...]]:
    written = settings.broker.roles
    return {
        Role.ADMINISTRATOR: tuple(settings.broker.administrators),
        Role.GUEST_INVITER: tuple(written.guest_inviters),
        Role.HELP_DESK: tuple(written.help_desk),
        Role.AUDITOR: tuple(written.auditors),
    }


def _owners(tx: Connection, settings: Settings, after: str, limit: int) -> list[str]:
    """Addresses that own an application or a group, in their order."""
    named = {email for file in settings.applications.values() for email in file.owners if email > after}
    return sorted(named | set(role_groups.owners(tx, after=after, limit=limit)))[:limit]


def _groups(tx: Connection, entries: Mapping[Role, Collection[str]], now: int) -> dict[str, NamedGroup]:
    """Folded name -> the group that it means."""
    names = {one.removeprefix(_GROUP) for some in entries.values() for one in some if one.startswith(_GROUP)}
    known = role_groups.known(tx, names)
    counts = role_groups.staff_counts(tx, {group_id for group_id, _name in known.values()}, now, most=COUNTED + 1)
    found = {}
    for name in names:
        group_id, spelled = known.get(folded(name), ("", name))
        members, staff = counts.get(group_id, (0, 0))
        more = members > COUNTED
        found[folded(name)] = NamedGroup(id=group_id, name=spelled, members=min(members, COUNTED), staff=staff, more=more)
    return found


def _holders(
    role: Role, entries: Iterable[str], known: Mapping[str, Person], groups: Mapping[str, NamedGroup], now: int
) -> RoleHolders:
    written = list(entries)
    return RoleHolders(
        role=role,
        addresses=tuple(_address(one, known, now) for one in written if not one.startswith(_GROUP)),
        groups=tuple(groups[folded(one.removeprefix(_GROUP))] for one in written if one.startswith(_GROUP)),
    )


def _address(email: str, known: Mapping[str, Person], now: int) -> NamedAddress:
    person = known.get(email)
    return NamedAddress(email=email, name=person.name if person else "", standing=_standing(person, now))


def _standing(person: Person | None, now: int) -> NameStanding:
    if person is None:
        return NameStanding.UNKNOWN
    if person.kind is not PersonKind.MEMBER:
        return NameStanding.GUEST
    if not is_at_work(person, now):
        return NameStanding.ENDED
    return NameStanding.COUNTS if person.email_verified else NameStanding.UNVERIFIED


def _owner(settings: Settings, address: NamedAddress, groups: list[tuple[str, str]]) -> OwnerView:
    mine = [file for file in settings.applications.values() if address.email in file.owners]
    return OwnerView(
        address=address,
        applications=tuple(
            (file_id(settings.issuer, "application", file.client_id), file.name)
            for file in sorted(mine, key=lambda file: folded(file.name))
        ),
        groups=tuple(groups[:SHOWN]),
        more_groups=len(groups) > SHOWN,
    )
