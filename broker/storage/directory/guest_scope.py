"""The guests of some applications and groups: what an owner may see. Each question is a walk along indexes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, literal, select, union_all

from broker.storage.tables import assignments, group_assignments, group_members, invitations, people


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestScope:
    """applications: client ids. groups: ids. A guest is within who has, or was invited to, one of them, or is a member of one."""

    applications: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


def within(scope: GuestScope) -> ColumnElement[bool]:
    """The condition on `people`."""
    return people.c.id.in_(_ids(scope))


def holds(tx: Connection, scope: GuestScope, person_id: str) -> bool:
    """Whether this guest is within."""
    return tx.execute(select(literal(1)).where(people.c.id == person_id, within(scope))).first() is not None


def of_applications(client_ids: Collection[str]) -> list[Any]:
    """Selects of the ids of people who have an application, by themselves or through a group, or were invited to it."""
    a, ga, m, i = assignments.c, group_assignments.c, group_members.c, invitations.c
    names = sorted(client_ids)
    return [
        select(a.person_id).where(a.application.in_(names)),
        select(m.person_id).join(group_assignments, ga.group_id == m.group_id).where(ga.application.in_(names)),
        select(i.person_id).where(i.application.in_(names)),
    ]


def _ids(scope: GuestScope) -> CompoundSelect[Any]:
    found = of_applications(scope.applications) if scope.applications else []
    found.append(select(group_members.c.person_id).where(group_members.c.group_id.in_(sorted(scope.groups))))
    return union_all(*found)
