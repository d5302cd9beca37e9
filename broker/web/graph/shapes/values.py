"""The shape of a JSON value: what a body may hold and what a response holds. One table validates, selects and describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_TEXT = 4096  # characters of a text in a body that has no limit of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class String:
    """A text. In a body `null` counts as left out, unless `filled`: then it is neither null nor empty.

    limit: characters. values: the only ones. because: why no other value is taken. form: a format of JSON Schema, as in `uuid`.
    null: whether a response may hold null. about: for the reader of the document.
    """

    limit: int = MAX_TEXT
    values: tuple[str, ...] = ()
    because: str = ""
    filled: bool = False
    form: str = ""
    null: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """True or false. only: the one value that is taken."""

    only: bool | None = None
    because: str = ""
    null: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A whole number."""

    null: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMap:
    """An object of which each value is one line of text. limit: entries."""

    limit: int
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyValue:
    """A value that another shape describes, or that depends on the request."""

    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """A list. limit: entries that a body may have. filled: at least one entry."""

    item: Shape
    limit: int | None = None
    filled: bool = False
    null: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An object: these properties, annotations, and no others. name: in the document; "" for one that stands inside another.

    required: properties that a body must have. kind: the value of `@odata.type`, if a list has objects of several kinds.
    """

    name: str = ""
    properties: Mapping[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    kind: str = ""
    null: bool = False
    about: str = ""

    def __hash__(self) -> int:
        """By name: a record stands in a table."""
        return hash((self.name, self.kind, *self.properties))


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """One of several kinds of objects, which `@odata.type` names."""

    records: tuple[Record, ...]


Shape = String | Flag | Number | LineMap | AnyValue | Many | Record | OneOf

ID = String(form="uuid")
TIME = String(form="date-time")
TIME_OR_NULL = String(form="date-time", null=True)
TEXT = String()
TEXT_OR_NULL = String(null=True)
TEXTS = Many(item=TEXT)
FLAG = Flag()


def filled(*, limit: int = MAX_TEXT, form: str = "", about: str = "") -> String:
    """A text of a body that is neither null nor empty."""
    return String(limit=limit, filled=True, form=form, about=about)
