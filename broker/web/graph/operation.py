"""What one method of one path takes, needs and gives. The door validates with it, and the OpenAPI document is written from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broker.services.authorization import PERMITS, Right
from broker.web.graph.query import Resource
from broker.web.graph.shapes import Flag, Many, Number, OneOf, Record, Shape, String


class OptionsKind(StrEnum):
    """Which options a query can have."""

    NONE = "none"
    LIST = "list"
    ENTITY = "entity"
    COUNT = "count"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class Options:
    """The query of an address. resource: its properties."""

    kind: OptionsKind
    resource: Resource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """A response that is no error. shape: of the whole body; None: it has none. has_etag: it has an ETag."""

    status: int = 200
    shape: Shape | None = None
    media: str = "application/json"
    has_etag: bool = False


NO_OPTIONS = Options(OptionsKind.NONE)
NOTHING = Success(status=204)
COUNTED = Success(shape=Number(), media="text/plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """rights: the use case asks for all of them. either: for one of them. body: None: none is read. gives: None: each request is refused.

    refusals: statuses in addition to those that every operation has. if_match: the header is read. public: it needs no token.
    own: permissions of which a person who asks for themselves needs one.
    """

    summary: str
    rights: tuple[Right, ...] = ()
    either: tuple[Right, ...] = ()
    body: Record | None = None
    query: Options = NO_OPTIONS
    gives: Success | None = NOTHING
    refusals: tuple[int, ...] = ()
    if_match: bool = False
    public: bool = False
    own: frozenset[str] = frozenset()

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions of which a program needs one; () where it needs none."""
        if not self.rights and not self.either:
            return tuple(sorted(self.own))
        return tuple(
            name
            for name, given in PERMITS.items()
            if given.issuperset(self.rights) and (not self.either or not given.isdisjoint(self.either))
        )


def list_of(resource: Resource) -> Options:
    """The options of a list."""
    return Options(OptionsKind.LIST, resource)


def entity_of(resource: Resource) -> Options:
    """The options of one entity."""
    return Options(OptionsKind.ENTITY, resource)


def count_of(resource: Resource) -> Options:
    """The options of LIST/$count."""
    return Options(OptionsKind.COUNT, resource)


def delta_of(resource: Resource) -> Options:
    """The options of a list of changes."""
    return Options(OptionsKind.DELTA, resource)


def gives_one(record: Record, *, status: int = 200, has_etag: bool = False) -> Success:
    """One entity."""
    return Success(status=status, shape=record, has_etag=has_etag)


def gives_any(*records: Record) -> Success:
    """One entity of several kinds."""
    return Success(shape=OneOf(records=records))


def gives_page(item: Record | OneOf, name: str) -> Success:
    """A page of a list. name: of the page in the document."""
    properties: dict[str, Shape] = {
        "@odata.context": String(),
        "@odata.count": Number(about="On the first page, if $count asks for it."),
        "@odata.nextLink": String(form="uri", about="The next page; absent on the last one."),
        "value": Many(item=item),
    }
    return Success(shape=Record(name=name, properties=properties, required=("value",)))


def gives_changes(item: Record, name: str) -> Success:
    """A page of changes. name: of the page in the document."""
    properties: dict[str, Shape] = {
        "@odata.context": String(),
        "@odata.nextLink": String(form="uri", about="The next page; absent on the last one."),
        "@odata.deltaLink": String(form="uri", about="On the last page: what changes after it."),
        "value": Many(item=item),
    }
    return Success(shape=Record(name=name, properties=properties, required=("value",)))


def gives_true(name: str) -> Success:
    """The result of an action that says true."""
    return Success(
        shape=Record(name=name, properties={"@odata.context": String(), "value": Flag(only=True)}, required=("value",))
    )


def refused_in_file(summary: str, *rights: Right) -> Operation:
    """A write of what lives in a file: 403 names the file."""
    return Operation(summary=summary, rights=rights, gives=None)
