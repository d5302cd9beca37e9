"""Groups, their members and owners. A group that is deleted takes its members and assignments with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, null, select, union_all, update

from broker.domain.group import Group, folded
from broker.storage.dialects import for_both, run
from broker.storage.tables import group_members, group_owners, groups, people, removed_groups

_G, _M, _O = groups.c, group_members.c, group_owners.c
_ADD = for_both(groups, lambda row: row.on_conflict_do_nothing(index_elements=["folded"]))
_JOIN = for_both(group_members, lambda row: row.on_conflict_do_nothing(index_elements=["group_id", "person_id"]))
_OWN = for_both(group_owners, lambda row: row.on_conflict_do_nothing(index_elements=["group_id", "email"]))
_LEAVE = delete(group_members).where(_M.group_id == bindparam("group"), _M.person_id == bindparam("person"))
_COUNT = select(func.count()).select_from(group_members).where(_M.group_id == _G.id).scalar_subquery()


def add(tx: Connection, group: Group) -> bool:
    """Insert a group with its owners; False if the name is taken, in whatever case."""
    row = {"id": group.id, "name": group.name, "folded": folded(group.name), "rule": group.rule, "partner": group.partner}
    if run(tx, _ADD, row | {"created_at": group.created_at}).rowcount != 1:
        return False
    for email in group.owners:
        add_owner(tx, group.id, email)
    return True


def change(tx: Connection, group: Group, *, empty: bool) -> bool:
    """Set name and rule of a group; False if the name is taken. empty: nobody is in it from now on."""
    other = by_name(tx, group.name)
    if other is not None and other.id != group.id:
        return False
    values = {"name": group.name, "folded": folded(group.name), "rule": group.rule, "partner": group.partner, "changed": 0}
    tx.execute(update(groups).where(_G.id == group.id).values(values))
    if empty:
        tx.execute(delete(group_members).where(_M.group_id == group.id))
    return True


def by_id(tx: Connection, group_id: str) -> Group | None:
    """The group with this id."""
    return _one(tx, tx.execute(select(groups).where(_G.id == group_id)).first())


def by_name(tx: Connection, name: str) -> Group | None:
    """The group of this name, in whatever case."""
    return _one(tx, tx.execute(select(groups).where(_G.folded == folded(name))).first())


def known(tx: Connection, names: Iterable[str]) -> set[str]:
    """Those of some folded names that a group has."""
    wanted, found = sorted(names), set()
    for start in range(0, len(wanted), 500):
        rows = tx.execute(select(_G.folded).where(_G.folded.in_(wanted[start : start + 500])))
        found |= {str(row[0]) for row in rows}
    return found


def listed(tx: Connection, *, after: str, limit: int, owner: str | None = None) -> list[tuple[Group, int]]:
    """Groups in the order of their names with the number of their members, a page behind the name `after`.

    owner: only those that this address owns.
    """
    statement = select(groups, _COUNT).where(_G.folded > folded(after)).order_by(_G.folded).limit(limit)
    if owner is not None:
        statement = statement.where(_G.id.in_(select(_O.group_id).where(_O.email == owner)))
    rows = tx.execute(statement).all()
    owners = _owners(tx, [row[0] for row in rows])
    return [(_group(row, owners), int(row[-1])) for row in rows]


def owned_and_joined(tx: Connection, email: str, person_id: str, names: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """(ids of the groups that this address owns, those of some folded names that the person is in), in one statement."""
    owned = select(_O.group_id, null()).where(_O.email == email)
    joined = (
        select(null(), _G.folded)
        .join(group_members, _M.group_id == _G.id)
        .where(_M.person_id == person_id, _G.folded.in_(sorted(names)))
    )
    rows = tx.execute(union_all(owned, joined) if names else owned).all()
    return frozenset(str(row[0]) for row in rows if row[0]), frozenset(str(row[1]) for row in rows if row[1])


def names(tx: Connection, ids: Collection[str]) -> dict[str, str]:
    """Id -> name of these groups."""
    wanted, found = sorted(ids), dict[str, str]()
    for start in range(0, len(wanted), 500):
        rows = tx.execute(select(_G.id, _G.name).where(_G.id.in_(wanted[start : start + 500])))
        found |= {str(row[0]): str(row[1]) for row in rows}
    return found


def rules(tx: Connection, partner: str) -> list[str]:
    """The rules that people of a partner could match."""
    statement = select(groups.c.rule).where(groups.c.rule.is_not(None), groups.c.partner.in_(["", partner]))
    return [str(row[0]) for row in tx.execute(statement)]


def remove(tx: Connection, group_id: str) -> bool:
    """Delete a group; False if it is gone already."""
    if tx.execute(delete(groups).where(_G.id == group_id)).rowcount != 1:
        return False
    tx.execute(insert(removed_groups).values(id=group_id))
    return True


def add_member(tx: Connection, group_id: str, person_id: str, now: int) -> bool:
    """Put a person into a group; False if they are in it."""
    return run(tx, _JOIN, {"group_id": group_id, "person_id": person_id, "since": now}).rowcount == 1


def remove_member(tx: Connection, group_id: str, person_id: str) -> bool:
    """Take a person out of a group; False if they are not in it."""
    return tx.execute(_LEAVE, {"group": group_id, "person": person_id}).rowcount == 1


def count(tx: Connection, group_id: str) -> int:
    """How many people are in a group."""
    return int(tx.execute(select(func.count()).select_from(group_members).where(_M.group_id == group_id)).scalar_one())


def members(tx: Connection, group_id: str, *, after: str, limit: int) -> list[tuple[str, str, str, int]]:
    """(id, address, name, since) of members in the order of their ids, a page behind the id `after`."""
    statement = (
        select(people.c.id, people.c.email, people.c.name, _M.since)
        .join(people, people.c.id == _M.person_id)
        .where(_M.group_id == group_id, _M.person_id > after)
        .order_by(_M.person_id)
        .limit(limit)
    )
    return [(row[0], row[1] or "", row[2], row[3]) for row in tx.execute(statement)]


def of_person(tx: Connection, person_id: str) -> list[tuple[Group, int]]:
    """The groups that a person is in, by name, and since when; without their owners."""
    statement = select(groups, _M.since).join(groups, _G.id == _M.group_id).where(_M.person_id == person_id).order_by(_G.folded)
    return [(_group(row, {}), row[-1]) for row in tx.execute(statement)]


def add_owner(tx: Connection, group_id: str, email: str) -> bool:
    """Make an address an owner; False if it is one."""
    return run(tx, _OWN, {"group_id": group_id, "email": email}).rowcount == 1


def remove_owner(tx: Connection, group_id: str, email: str) -> bool:
    """An address is an owner no more; False if it was none."""
    return tx.execute(delete(group_owners).where(_O.group_id == group_id, _O.email == email)).rowcount == 1


def _owners(tx: Connection, group_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if not group_ids:
        return found
    for group_id, email in tx.execute(select(_O.group_id, _O.email).where(_O.group_id.in_(group_ids)).order_by(_O.email)):
        found.setdefault(group_id, []).append(email)
    return found


def _one(tx: Connection, row: Row[Any] | None) -> Group | None:
    return None if row is None else _group(row, _owners(tx, [row[0]]))


def _group(row: Row[Any], owners: dict[str, list[str]]) -> Group:
    m = row._mapping
    plain = {name: m[name] for name in ("id", "name", "rule", "partner", "created_at")}
    return Group(**plain, owners=tuple(owners.get(m["id"], ())))
