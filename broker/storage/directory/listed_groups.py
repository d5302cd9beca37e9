"""Groups as programs list them, by name."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, select

from broker.domain.group import Group, folded
from broker.domain.list_query import ListField, ListQuery
from broker.storage.directory import branches
from broker.storage.directory.branches import RowKey, Walked
from broker.storage.tables import groups

_G = groups.c
_GROUPS = Walked(
    id=_G.id,
    base=(),
    columns={ListField.ID: _G.id, ListField.NAME: _G.folded},
    orders={ListField.NAME: (_G.folded,)},
    special={},
)


def page(
    tx: Connection, query: ListQuery, *, after: RowKey | None = None, limit: int, own: Collection[str] | None = None
) -> tuple[list[Group], list[RowKey]]:
    """A page behind the key `after`, and the key of each row; groups come without their owners. own: only groups with these ids."""
    ids = branches.page(_GROUPS, query, after=after, limit=limit, within=_within(own))
    if ids is None:
        return [], []
    found = ids.subquery()
    by = _G.folded.desc() if query.order.descending else _G.folded
    rows = tx.execute(select(groups).join(found, found.c.id == _G.id).order_by(by))
    listed = [Group(id=row.id, name=row.name, rule=row.rule, partner=row.partner, created_at=row.created_at) for row in rows]
    return listed, [(folded(group.name),) for group in listed]


def count(tx: Connection, query: ListQuery, *, own: Collection[str] | None = None) -> int:
    """How many groups the whole list has."""
    statement = branches.count(_GROUPS, query, within=_within(own))
    return 0 if statement is None else int(tx.execute(statement).scalar_one())


def _within(own: Collection[str] | None) -> ColumnElement[bool] | None:
    return None if own is None else _G.id.in_(sorted(own))
