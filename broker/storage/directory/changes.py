"""Changes of people and groups, in an order in which none can be missed.

A statement that changes a row also sets its number to 0, without a lock that anybody shares. A number is given later, by
`give_numbers`, to rows that are committed: only one transaction at a time does so, and it commits before the next one begins. So a
reader who has seen a number has seen each smaller one, however late a transaction commits. A sequence would not do: its numbers are
given before the commit, and a late one would lie behind a reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, or_, select, update

from broker.domain.changes import ChangePlace
from broker.domain.group import Group
from broker.domain.guest import Person
from broker.domain.ids import new_id
from broker.storage.batches import BATCH
from broker.storage.dialects import for_both, run
from broker.storage.directory.people import person_of
from broker.storage.tables import change_counter, groups, people, removed_groups

ChangedTables = tuple[Table, ...]
PEOPLE: ChangedTables = (people,)
GROUPS: ChangedTables = (groups, removed_groups)
_ONE = 1  # the id of the one row
FIRST = 1  # the number of what was there before numbers were given
_C = change_counter.c
_BEGIN = for_both(change_counter, lambda row: row.on_conflict_do_nothing(index_elements=["id"]))
_NEXT = update(change_counter).where(_C.id == _ONE).values(last=_C.last + 1).returning(_C.last)


@dataclass(frozen=True, slots=True)
class ChangeCounter:
    """last: the number that was given last. history: another one after a restore."""

    last: int
    history: str


def counter(tx: Connection) -> ChangeCounter | None:
    """The counter; None before the first number is given."""
    row = tx.execute(select(_C.last, _C.history).where(_C.id == _ONE)).first()
    return None if row is None else ChangeCounter(*row)


def is_behind(tx: Connection, tables: ChangedTables) -> bool:
    """Whether a committed row has no number yet."""
    waiting = or_(*(exists(select(table.c.id).where(table.c.changed == 0)) for table in tables))
    return bool(tx.execute(select(waiting)).scalar_one())


def give_numbers(tx: Connection, tables: ChangedTables, limit: int = BATCH) -> None:
    """Gives the next number to rows without one, at most `limit` of each table. Rows that another transaction holds wait for the next time."""
    run(tx, _BEGIN, {"id": _ONE, "last": FIRST, "history": new_id()})
    number = tx.execute(_NEXT).scalar_one()  # holds the row until the commit: one transaction at a time is here
    for table in tables:
        waiting = select(table.c.id).where(table.c.changed == 0).limit(limit)
        held = tx.execute(waiting.with_for_update(key_share=True, skip_locked=True)).scalars().all()
        if held:
            tx.execute(update(table).where(table.c.id.in_(held)).values(changed=number))


def begin_anew(tx: Connection) -> None:
    """After a restore numbers are given a second time: places of before it are void."""
    tx.execute(update(change_counter).values(history=new_id()))


def people_since(tx: Connection, place: ChangePlace, limit: int) -> list[tuple[int, Person]]:
    """(number, person) of people who changed after a place, deleted ones too."""
    rows = tx.execute(_since(people, place, limit))
    return [(row.changed, person_of(row)) for row in rows]


def groups_since(tx: Connection, place: ChangePlace, limit: int) -> list[tuple[int, str, Group | None]]:
    """(number, id, group) of groups that changed after a place; no group: it is gone."""
    found: list[tuple[int, str, Group | None]] = [
        (row.changed, row.id, None) for row in tx.execute(_since(removed_groups, place, limit))
    ]
    for row in tx.execute(_since(groups, place, limit)):
        group = Group(id=row.id, name=row.name, rule=row.rule, partner=row.partner, created_at=row.created_at)
        found.append((row.changed, row.id, group))
    return sorted(found, key=lambda one: one[:2])[:limit]


def _since(table: Table, place: ChangePlace, limit: int) -> Select[Any]:
    number, row = table.c.changed, table.c.id
    later: ColumnElement[bool] = or_(number > place.number, row > place.row)
    return select(table).where(and_(number >= place.number, later)).order_by(number, row).limit(limit)
