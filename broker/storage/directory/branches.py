"""Lists of programs: each branch of a filter is a walk along an index, and a page takes the first rows of all walks (domain/list_query.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, func, or_, select, union

from broker.domain.list_query import Before, Begins, Branch, Condition, Differs, Equals, Known, ListField, ListQuery
from broker.storage.directory.staff_pages import beyond

RowKey = tuple[str, ...]  # the values of the order's columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A table as a list. id: its key. base: what every row fulfils. orders: the columns of each order; together unique.

    special: conditions that are no column's, by field.
    """

    id: Column[Any]
    base: tuple[ColumnElement[bool], ...]
    columns: Mapping[ListField, Column[Any]]
    orders: Mapping[ListField, tuple[Column[Any], ...]]
    special: Mapping[ListField, Callable[[str], ColumnElement[bool]]]


def page(
    of: Walked, query: ListQuery, *, after: RowKey | None, limit: int, within: ColumnElement[bool] | None
) -> Select[Any] | None:
    """The ids of a page behind the key `after`; None where no branch can find anything. within: a further condition."""
    columns = of.orders[query.order.field]
    descending = query.order.descending
    by = tuple(column.desc() for column in columns) if descending else columns
    walks = []
    for branch in query.branches:
        statement = select(of.id, *columns).where(*_conditions(of, branch, within), columns[0] >= "")
        if after is not None:
            statement = statement.where(*_behind(columns, after, descending=descending))
        walks.append(statement.order_by(*by).limit(limit))
    if not walks:
        return None
    if len(walks) == 1:
        return walks[0]
    every = union(*(select(walk.subquery()) for walk in walks)).subquery()
    ordered = [every.c[column.name].desc() if descending else every.c[column.name] for column in columns]
    return select(every).order_by(*ordered).limit(limit)


def count(of: Walked, query: ListQuery, *, within: ColumnElement[bool] | None) -> Select[Any] | None:
    """How many rows the whole list has; None where no branch can find anything."""
    walks = [select(of.id).where(*_conditions(of, branch, within)) for branch in query.branches]
    if not walks:
        return None
    every = walks[0].subquery() if len(walks) == 1 else union(*walks).subquery()
    return select(func.count()).select_from(every)


def _behind(columns: tuple[Column[Any], ...], after: RowKey, *, descending: bool) -> tuple[ColumnElement[bool], ...]:
    first, value = columns[0], after[0]
    if len(columns) == 1:
        return (first < value if descending else first > value,)
    second = columns[1] < after[1] if descending else columns[1] > after[1]
    edge, further = (first <= value, first < value) if descending else (first >= value, first > value)
    return (edge, or_(further, second))


def _conditions(of: Walked, branch: Branch, within: ColumnElement[bool] | None) -> tuple[ColumnElement[bool], ...]:
    found = [*of.base, *(_condition(of, one) for one in branch)]
    return tuple(found if within is None else [*found, within])


def _condition(of: Walked, one: Condition) -> ColumnElement[bool]:
    special = of.special.get(one.field)
    if special is not None and isinstance(one, Equals):
        return special(one.value)
    column = of.columns[one.field]
    match one:
        case Equals():
            return column == one.value
        case Differs():
            return column != one.value
        case Begins():
            return and_(column >= one.value, column < beyond(one.value))
        case Known():
            return column.is_not(None) if one.yes else column.is_(None)
        case Before():
            return column < one.value
    return column >= one.value
