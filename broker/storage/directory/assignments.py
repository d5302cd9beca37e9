"""Who may use which application: people and groups, in a role, from-until."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, case, delete, null, or_, select, union_all

from broker.domain.assignment import Assignment, Principal
from broker.storage.dialects import Both, for_both, run
from broker.storage.tables import assignments, group_assignments, group_members, groups, people

_A, _GA, _G, _M = assignments.c, group_assignments.c, groups.c, group_members.c
_TABLES = {Principal.PERSON: (assignments, "person_id"), Principal.GROUP: (group_assignments, "group_id")}


def in_force(table: Table) -> ColumnElement[bool]:
    """That an assignment holds at the parameter `now`; an end is over at its instant (HT-12)."""
    c = table.c
    return and_(c.starts_at <= bindparam("now"), or_(c.ends_at.is_(None), c.ends_at > bindparam("now")))


@dataclass(frozen=True, slots=True)
class Holding:
    """A reason why a person holds something: an assignment of their own, or a group.

    group_id: None for an assignment of their own. member: whether they are in the group by the rows; a group with a
    rule that they are not in is there to be judged. assignment_id, role: at the application that was asked about.
    """

    group_id: str | None
    group: str
    rule: str | None
    member: bool
    assignment_id: str | None
    role: str


_AT_CLIENT = and_(_GA.group_id == _G.id, _GA.application == bindparam("client"), in_force(group_assignments))
_OWN = select(null().label("group_id"), null().label("name"), null().label("rule"), null().label("person"), _A.id, _A.role).where(
    _A.person_id == bindparam("person"), _A.application == bindparam("client"), in_force(assignments)
)
_BY_GROUP = (
    select(_G.id, _G.name, _G.rule, _M.person_id, _GA.id, _GA.role)
    .select_from(group_members)
    .join(groups, _G.id == _M.group_id)
    .outerjoin(group_assignments, _AT_CLIENT)
    .where(_M.person_id == bindparam("person"))
)
_BY_RULE = (  # the groups whose rule this partner's people could match
    select(_G.id, _G.name, _G.rule, null(), _GA.id, _GA.role)
    .select_from(groups)
    .outerjoin(group_assignments, _AT_CLIENT)
    .where(_G.partner.in_(("", bindparam("partner"))))
)
_HELD = union_all(_OWN, _BY_GROUP)
_JUDGED = union_all(_OWN, _BY_GROUP, _BY_RULE)


def holdings(tx: Connection, person_id: str, application: str, now: int, *, partner: str | None = None) -> list[Holding]:
    """What a person holds at an application at `now`, in one statement; no application is "".

    partner: the home organization that vouched just now; the groups whose rules may speak of its people come too.
    """
    values: dict[str, Any] = {"person": person_id, "client": application, "now": now}
    rows = tx.execute(_HELD, values) if partner is None else tx.execute(_JUDGED, values | {"partner": partner})
    return [Holding(row[0], row[1] or "", row[2], row[3] is not None, row[4], row[5] or "") for row in rows]


def _upsert(table: Table, holder: str, where: ColumnElement[bool] | None = None) -> Both:
    def finish(row: Any) -> Any:
        times = {name: row.excluded[name] for name in ("starts_at", "ends_at")}
        return row.on_conflict_do_update(index_elements=[holder, "application", "role"], set_=times, where=where)

    return for_both(table, lambda row: finish(row).returning(table.c.id))


_SET = {kind: _upsert(table, holder) for kind, (table, holder) in _TABLES.items()}
_ANEW = {kind: _upsert(table, holder, table.c.ends_at <= bindparam("now")) for kind, (table, holder) in _TABLES.items()}
_OPEN = _upsert(assignments, "person_id", _A.ends_at <= bindparam("now"))  # NULL is no end


def _longer(row: Any) -> Any:
    """The later end of the two (NULL is no end), and the earlier start, unless the old assignment is over."""
    new, old = row.excluded, _A
    later = case(
        (or_(old.ends_at.is_(None), new.ends_at.is_(None)), null()), (old.ends_at > new.ends_at, old.ends_at), else_=new.ends_at
    )
    over = old.ends_at <= new.starts_at
    earlier = case((over, new.starts_at), (old.starts_at < new.starts_at, old.starts_at), else_=new.starts_at)
    times = {"starts_at": earlier, "ends_at": later}
    return row.on_conflict_do_update(index_elements=["person_id", "application", "role"], set_=times)


_LENGTHEN = for_both(assignments, lambda row: _longer(row).returning(_A.id, _A.starts_at, _A.ends_at))


def open_for(tx: Connection, assignment_id: str, person_id: str, application: str, role: str, now: int) -> bool:
    """Let a person use an application from now on, without an end; False if they may already, until whenever."""
    row = {
        "id": assignment_id,
        "person_id": person_id,
        "application": application,
        "role": role,
        "starts_at": now,
        "ends_at": None,
    }
    return run(tx, _OPEN, row | {"now": now}).first() is not None


def put(tx: Connection, assignment: Assignment) -> Assignment:
    """Insert an assignment; one of the same holder, application and role keeps its id and takes the new times. What is there now."""
    row = {name: getattr(assignment, name) for name in ("id", "application", "role", "starts_at", "ends_at")}
    row_id = run(tx, _SET[assignment.principal], row | {_TABLES[assignment.principal][1]: assignment.holder}).scalar_one()
    return replace(assignment, id=str(row_id))


def put_new(tx: Connection, assignment: Assignment, now: int) -> Assignment | None:
    """Insert an assignment, or begin one again that has ended at `now`; None if there is one that has not."""
    row = {name: getattr(assignment, name) for name in ("id", "application", "role", "starts_at", "ends_at")}
    values = row | {_TABLES[assignment.principal][1]: assignment.holder, "now": now}
    found = run(tx, _ANEW[assignment.principal], values).first()
    return None if found is None else replace(assignment, id=str(found[0]))


def lengthen(tx: Connection, assignment: Assignment) -> Assignment:
    """Insert a person's assignment; one of the same application and role is never shortened. What is there now.

    It holds from the earlier start of the two until the later end; one that had ended begins again.
    """
    row = {name: getattr(assignment, name) for name in ("id", "application", "role", "starts_at", "ends_at")}
    found: Any = run(tx, _LENGTHEN, row | {"person_id": assignment.holder}).one()
    return replace(assignment, id=str(found[0]), starts_at=int(found[1]), ends_at=found[2])


def drop(tx: Connection, principal: Principal, holder: str, application: str, role: str | None) -> int:
    """Delete a holder's assignments at an application, of one role or of all; the number of them."""
    table, column = _TABLES[principal]
    statement = delete(table).where(table.c[column] == holder, table.c.application == application)
    if role is not None:
        statement = statement.where(table.c.role == role)
    return tx.execute(statement).rowcount


def of(tx: Connection, principal: Principal, holder: str, application: str | None = None) -> list[Assignment]:
    """A holder's assignments, ended ones too, by application and role."""
    table, column = _TABLES[principal]
    statement = _named(principal).where(table.c[column] == holder)
    if application is not None:
        statement = statement.where(table.c.application == application)
    return [_assignment(principal, row) for row in tx.execute(statement.order_by(table.c.application, table.c.role))]


def by_id(tx: Connection, assignment_id: str) -> Assignment | None:
    """The assignment of a person or a group with this id."""
    for principal, (table, _) in _TABLES.items():
        row = tx.execute(_named(principal).where(table.c.id == assignment_id)).first()
        if row is not None:
            return _assignment(principal, row)
    return None


def of_application(
    tx: Connection, application: str, principal: Principal, *, after: str = "", limit: int = 100
) -> list[Assignment]:
    """An application's assignments of people, or of groups, in the order of their ids, a page behind the id `after`."""
    c = _TABLES[principal][0].c
    statement = _named(principal).where(c.application == application, c.id > after).order_by(c.id)
    return [_assignment(principal, row) for row in tx.execute(statement.limit(limit))]


def through_groups(tx: Connection, person_id: str) -> list[Assignment]:
    """What a person holds through groups, ended ones too, by application, group and role."""
    statement = _named(Principal.GROUP).join(group_members, _M.group_id == _G.id).where(_M.person_id == person_id)
    statement = statement.order_by(_GA.application, _G.folded, _GA.role)
    return [_assignment(Principal.GROUP, row) for row in tx.execute(statement)]


def applications_of(tx: Connection, person_id: str, now: int) -> set[str]:
    """The client ids that a person is assigned to at `now`, by himself or through a group."""
    own = select(_A.application).where(_A.person_id == bindparam("person"), in_force(assignments))
    through = (
        select(_GA.application)
        .join(group_members, _M.group_id == _GA.group_id)
        .where(_M.person_id == bindparam("person"), in_force(group_assignments))
    )
    return {str(row[0]) for row in tx.execute(union_all(own, through), {"person": person_id, "now": now})}


def _named(principal: Principal) -> Any:
    """Assignments with the name of who holds them."""
    table, column = _TABLES[principal]
    directory, name = (people, people.c.email) if principal is Principal.PERSON else (groups, groups.c.name)
    c = table.c
    return (
        select(c.id, c[column], name, c.application, c.role, c.starts_at, c.ends_at)
        .select_from(table)
        .join(directory, directory.c.id == c[column])
    )


def _assignment(principal: Principal, row: Any) -> Assignment:
    names = ("id", "holder", "name", "application", "role", "starts_at", "ends_at")
    values = dict(zip(names, row, strict=True))
    return Assignment(principal=principal, **values | {"name": values["name"] or ""})
