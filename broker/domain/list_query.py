"""A list that a program asks for: conditions on a closed set of columns, in a form that storage turns into walks along indexes.

A filter is a set of branches. A row is in the list if all conditions of at least one branch hold. Storage asks for each branch separately, so
that the price of a page does not depend on how many rows the branches find.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ListField(StrEnum):
    """A column that a condition or an order may name; each of them is in an index, or narrows one that is."""

    ID = "id"
    EMAIL = "email"
    EMAIL_REVERSED = "email_reversed"  # from the last character to the first: how an address ends
    NAME = "name"
    KIND = "kind"
    STATE = "state"
    REDEEMED = "redeemed_at"
    SIGNED_UP = "signed_up_at"
    AT = "at"
    APPLICATION = "application"
    PERSON = "person"
    CODE = "code"  # the address whose mailbox is somebody's proven identity
    IDENTITY = "identity"  # somebody's identity at a home organization: issuer, a line feed, subject


@dataclass(frozen=True, slots=True)
class Equals:
    """The column has this value."""

    field: ListField
    value: str


@dataclass(frozen=True, slots=True)
class Differs:
    """The column, whose values are unique, has another value."""

    field: ListField
    value: str


@dataclass(frozen=True, slots=True)
class Begins:
    """The column's text begins so; the text is not empty."""

    field: ListField
    value: str


@dataclass(frozen=True, slots=True)
class Known:
    """Whether the column has a value."""

    field: ListField
    yes: bool


@dataclass(frozen=True, slots=True)
class Since:
    """The moment is this one or later; seconds since 1970, UTC."""

    field: ListField
    value: int


@dataclass(frozen=True, slots=True)
class Before:
    """The moment is earlier than this one; seconds since 1970, UTC."""

    field: ListField
    value: int


Condition = Equals | Differs | Begins | Known | Since | Before
Branch = tuple[Condition, ...]
EVERYTHING: tuple[Branch, ...] = ((),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrder:
    """The order of a list; rows with equal values are in the order of their unique column."""

    field: ListField
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """branches: no branch finds nothing, one without a condition finds everything."""

    order: ListOrder
    branches: tuple[Branch, ...] = EVERYTHING
