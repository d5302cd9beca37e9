"""The closed list of what a program may filter by: a property of the resource, its operators, and the conditions that it becomes.

A property that is not in its resource's list, and an operator that is not in its property's, is refused. A property has an operator only if an
index answers it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from broker.domain.list_query import Before, Begins, Branch, Differs, Equals, ListField, ListOrder, Since
from broker.web.graph.query.grammar import Literal
from broker.web.graph.query.refusal import bad, unsupported

Branches = tuple[Branch, ...]
_LAST = 253_402_300_799  # the end of the year 9999


def same(value: str) -> str:
    """A value that is compared as it is."""
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text or id. fold: the form that is stored and compared. unique: no two rows have the same value, so `ne` leaves out one row.

    begins: `startswith` is possible. reversed: `endswith` is possible; the column with the text from its last character to its first.
    """

    field: ListField
    fold: Callable[[str], str] = same
    unique: bool = False
    begins: bool = False
    reversed: ListField | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A property with few values. values: the literal as it is written (text without quotes, or true, false, null) -> what it means."""

    values: Mapping[str, Branches]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTime:
    """A date and time."""

    field: ListField


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A collection: the one form of `any()` that is possible. paths: what it compares, all by `eq` and joined by `and`."""

    paths: tuple[str, ...]
    find: Callable[[Mapping[str, str]], Branches]


Property = Text | Words | DateTime | Items


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A property of $orderby. along: the properties of a $filter with which an index still has this order.

    only: `desc` where the list is read in one direction.
    """

    field: ListField
    along: frozenset[str]
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a list offers. selectable: properties for $select. orders: of $orderby. expandable: relations for $expand.

    relations: that exist, and are read by their own address only.

    order: without a wish. walks: columns in whose order a list is walked if each branch is a prefix of them. searches: texts of `filters` for $search. one_branch: storage walks one branch only, so `or` is refused. unlisted: properties that exist, but on one entity only (501).
    """

    name: str
    selectable: frozenset[str]
    filters: Mapping[str, Property]
    order: ListOrder
    orders: Mapping[str, Sort] = field(default_factory=dict)
    walks: tuple[ListField, ...] = ()
    expandable: frozenset[str] = frozenset()
    searches: frozenset[str] = frozenset()
    relations: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()
    default_top: int = 100
    max_top: int = 999
    counted: bool = True
    one_branch: bool = False


def text_branches(name: str, text: Text, operator: str, literal: Literal) -> Branches:
    """`name operator literal` of a text. Raises ApiRefused."""
    if literal.kind not in ("text", "guid"):
        raise bad("$filter", f"'{name}' is compared with a text in single quotes.")
    value = text.fold(literal.value)
    if operator == "eq":
        return ((Equals(text.field, value),),)
    if operator == "ne" and text.unique:
        return ((Differs(text.field, value),),)
    column = {"startswith": text.field if text.begins else None, "endswith": text.reversed}.get(operator)
    if column is not None:
        if not value:
            raise bad("$filter", f"{operator} needs at least one character.")
        return ((Begins(column, value if operator == "startswith" else value[::-1]),),)
    raise _no(name, operator)


def word_branches(name: str, words: Words, operator: str, literal: Literal) -> Branches:
    """`name operator literal` of a property with few values. Raises ApiRefused."""
    found = words.values.get(literal.value) if literal.kind in ("text", "word") else None
    if found is None or (literal.kind == "text") != (literal.value not in ("true", "false", "null")):
        raise bad("$filter", f"'{name}' is one of {', '.join(words.values)}.")
    if operator == "eq":
        return found
    if operator == "ne":
        return tuple(branch for value, branches in words.values.items() if value != literal.value for branch in branches)
    raise _no(name, operator)


def moment_branches(name: str, moment: DateTime, operator: str, literal: Literal) -> Branches:
    """`name operator literal` of a time; fractions of a second are rounded so that no row changes sides. Raises ApiRefused."""
    if literal.kind != "time":
        raise bad("$filter", f"'{name}' is compared with a date and time in UTC without quotes, as in 2026-01-31T00:00:00Z.")
    at = _seconds(name, literal.value)
    below, above = math.floor(at), math.ceil(at)
    if operator == "ge":
        return ((Since(moment.field, above),),)
    if operator == "gt":
        return ((Since(moment.field, below + 1),),)
    if operator == "lt":
        return ((Before(moment.field, above),),)
    if operator == "le":
        return ((Before(moment.field, below + 1),),)
    raise _no(name, operator)


def _seconds(name: str, text: str) -> float:
    try:
        found = datetime.fromisoformat(six_digits(text))
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC) if "T" not in text else found
        if found.tzinfo is None:
            raise ValueError("no zone")
        seconds = found.timestamp()
    except (ValueError, OverflowError):
        raise bad("$filter", f"'{name}': not a date and time in UTC, as in 2026-01-31T00:00:00Z.") from None
    if not 0 <= seconds <= _LAST:
        raise bad("$filter", f"'{name}': the year lies outside 1970 to 9999.")
    return seconds


def six_digits(text: str) -> str:
    """OData has up to twelve digits of a second (EDM 4.4), Python six."""
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = tail.rstrip("Z").split("+")[0].split("-")[0]
    return f"{head}.{digits[:6]}{tail[len(digits) :]}"


def _no(name: str, operator: str) -> Exception:
    return unsupported("$filter", f"'{operator}' is not supported for '{name}'.")
