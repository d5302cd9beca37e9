"""Who is assigned to one application, as staff look at it: a page of people with their last use, and the groups."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import ActorKind
from broker.domain.guest import GuestState, PersonKind
from broker.storage.tables import assignments, audit, grants, people

_A, _P, _G, _E = assignments.c, people.c, grants.c, audit.c
GIVEN = ("assignment.given", "assignment.changed", "access_request.approved")  # the events that make an assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedRow:
    """A person's assignment. last_used: their last sign-in there, as far as it is remembered."""

    assignment: Assignment
    person_name: str
    kind: PersonKind
    state: GuestState
    expires_at: int | None
    last_used: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBy:
    """Who made an assignment, by the audit."""

    kind: ActorKind
    id: str


def page(tx: Connection, application: str, *, after: str = "", person_id: str | None = None, limit: int) -> list[AssignedRow]:
    """People with an assignment, ended ones too, in the order of the assignments' ids. person_id: only this person's."""
    used = select(func.max(_G.created_at)).where(_G.person_id == _A.person_id, _G.client_id == _A.application)
    statement = (
        select(
            _A.id, _A.person_id, _P.email, _A.role, _A.starts_at, _A.ends_at, _P.name, _P.kind, _P.state, _P.expires_at,
            used.correlate(assignments).scalar_subquery().label("last_used"),
        )
        .join(people, _P.id == _A.person_id)
        .where(_A.application == application, _A.id > after)
        .order_by(_A.id)
        .limit(limit)
    )  # fmt: skip
    if person_id is not None:
        statement = statement.where(_A.person_id == person_id)
    return [
        AssignedRow(
            assignment=Assignment(
                id=row[0], principal=Principal.PERSON, holder=row[1], name=row[2] or "", application=application, role=row[3],
                starts_at=row[4], ends_at=row[5],
            ),
            person_name=row[6], kind=PersonKind(row[7]), state=GuestState(row[8]), expires_at=row[9], last_used=row[10],
        )
        for row in tx.execute(statement)
    ]  # fmt: skip


def given_by(tx: Connection, person_ids: Collection[str]) -> dict[str, GivenBy]:
    """Assignment's id -> who gave it last, where the audit still tells."""
    if not person_ids:
        return {}
    statement = select(_E.data, _E.actor_kind, _E.actor_id).where(_E.subject.in_(sorted(person_ids)), _E.name.in_(GIVEN))
    rows = tx.execute(statement.order_by(_E.at, _E.id))
    return {str(row[0].get("assignment", "")): GivenBy(kind=ActorKind(row[1]), id=row[2]) for row in rows}
