"""What staff, the portal and programs see of groups and assignments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from broker.domain.assignment import Assignment, Principal
from broker.domain.group import Group
from broker.storage.directory import assignments, groups
from broker.storage.engine import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentView:
    """One assignment. principal_id, name: of the guest or group that has it. status: active, future or ended.

    Times: seconds since 1970, UTC; ends_at None: no end.
    """

    id: str
    application: str
    principal: Principal
    principal_id: str
    name: str
    role: str
    starts_at: int
    ends_at: int | None
    status: str

    @classmethod
    def of(cls, one: Assignment, now: int) -> Self:
        """The view at a time."""
        return cls(
            id=one.id,
            application=one.application,
            principal=one.principal,
            principal_id=one.holder,
            name=one.name,
            role=one.role,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            status=one.status(now),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One line of a list of groups. rule: as written, None where staff add members by hand. owners: addresses of staff.

    partner: the one that the rule requires, "" where any may match, None without a rule. created_at: seconds since 1970, UTC.
    """

    id: str
    name: str
    rule: str | None
    partner: str | None
    owners: tuple[str, ...]
    created_at: int
    member_count: int

    @property
    def is_dynamic(self) -> bool:
        """Whether the rule alone decides who is a member."""
        return self.rule is not None

    @classmethod
    def of(cls, group: Group, member_count: int) -> Self:
        """The line of a group."""
        return cls(
            id=group.id,
            name=group.name,
            rule=group.rule,
            partner=group.partner,
            owners=group.owners,
            created_at=group.created_at,
            member_count=member_count,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A person in a group. since: seconds since 1970, UTC."""

    id: str
    email: str
    name: str
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """One group in full. members: a page of them."""

    group: GroupRow
    members: tuple[MemberView, ...]
    assignments: tuple[AssignmentView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupUses:
    """What depends on a group: ids of policies that name it, and client ids that it is assigned to."""

    policies: tuple[str, ...]
    applications: tuple[str, ...]
    members: int

    def __bool__(self) -> bool:
        """Whether deleting it is refused."""
        return bool(self.policies or self.applications)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedGroup:
    """A group that was deleted. consequences: a sentence for each thing that depended on it."""

    group: GroupRow
    consequences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipView:
    """A group as one of its members sees it. since: seconds since 1970, UTC."""

    id: str
    name: str
    is_dynamic: bool
    since: int


def memberships_of(tx: Connection, person_id: str) -> tuple[MembershipView, ...]:
    """The groups that a person is in, by name."""
    found = groups.of_person(tx, person_id)
    return tuple(MembershipView(id=g.id, name=g.name, is_dynamic=g.is_dynamic, since=since) for g, since in found)


def assignments_of(tx: Connection, person_id: str, now: int) -> tuple[AssignmentView, ...]:
    """What a person may use: their own assignments first, then those of their groups; ended ones too."""
    found = [*assignments.of(tx, Principal.PERSON, person_id), *assignments.through_groups(tx, person_id)]
    return tuple(AssignmentView.of(one, now) for one in found)
