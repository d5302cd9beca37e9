"""A list of the API: the query of its address, and the response with the address of the next page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from flask import Response, request

from broker.domain.list_query import Begins, Condition, Differs, Equals, ListQuery
from broker.keyring.seal import Sealer
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.query import (
    DELTATOKEN,
    SKIPTOKEN,
    Key,
    ListRequest,
    Resource,
    SkipTokens,
    read_count,
    read_delta,
    read_entity,
    read_list,
)
from broker.web.graph.refusals import ApiRefused
from broker.web.graph.responses import PREFIX, Json
from broker.web.program import pairs_of

Row = TypeVar("Row")


class Lists:
    """Reads and answers lists; page tokens are bound to the calling application, the path and the whole query."""

    def __init__(self, door: ApiDoor, sealer: Sealer) -> None:
        self._door = door
        self._tokens = SkipTokens(sealer)

    def read(self, caller: Caller, resource: Resource) -> tuple[ListRequest, Key | None]:
        """What this request asks of a list, and the key behind which its page begins. Raises ApiRefused."""
        asked = read_list(resource, pairs_of(request.query_string), consistency=_consistency())
        return asked, self._tokens.key(caller.name, _path(), asked)

    def answer(
        self, caller: Caller, kind: str, asked: ListRequest, rows: Sequence[Json], next_key: Key | None, count: int | None = None
    ) -> Response:
        """One page. kind: the collection, as in `users`."""
        responses = self._door.responses
        link = self._tokens.next_link(responses.base, caller.name, _path(), asked, next_key)
        return responses.collection(kind, rows, next_link=link or "", count=count if not asked.token else None)

    def read_delta(self, caller: Caller, resource: Resource) -> tuple[ListRequest, Key | None]:
        """The same of a list of changes. Raises ApiRefused."""
        asked = read_delta(resource, pairs_of(request.query_string))
        return asked, None if asked.is_latest else self._tokens.key(caller.name, _path(), asked)

    def answer_delta(
        self, caller: Caller, kind: str, asked: ListRequest, rows: Sequence[Json], key: Key, *, more: bool
    ) -> Response:
        """One page of changes. key: of its last row. more: whether there is a page behind it now; else the link is for a later time."""
        responses = self._door.responses
        option = SKIPTOKEN if more else DELTATOKEN
        link = self._tokens.next_link(responses.base, caller.name, _path(), asked, key, option=option) or ""
        if more:
            return responses.collection(kind, rows, next_link=link)
        return responses.collection(kind, rows, delta_link=link)


def counted(resource: Resource) -> ListQuery:
    """The query of LIST/$count. Raises ApiRefused."""
    return read_count(resource, pairs_of(request.query_string), consistency=_consistency())


def selected(resource: Resource) -> tuple[str, ...] | None:
    """$select of one entity's address; None: the default set. Raises ApiRefused."""
    asked = read_entity(resource, pairs_of(request.query_string))
    if asked.expand:
        raise ApiRefused(501, "NotImplemented", "$expand is not supported: read the relation itself.", target="$expand")
    return asked.select


def narrowed(values: Mapping[str, object], select: tuple[str, ...] | None) -> Json:
    """The selected properties; the type of an item always stays."""
    if select is None:
        return values
    return {name: value for name, value in values.items() if name in select or name.startswith("@odata.")}


def in_memory(query: ListQuery, rows: Iterable[tuple[Mapping[str, str], Row]]) -> list[Row]:
    """The rows that a filter finds among some that come from files. rows: (column -> value, row)."""
    return [row for columns, row in rows if any(all(_holds(columns, one) for one in branch) for branch in query.branches)]


def _holds(columns: Mapping[str, str], one: Condition) -> bool:
    value = columns[one.field.value]
    if isinstance(one, Begins):
        return value.startswith(one.value)
    if not isinstance(one, Equals | Differs):
        raise TypeError(f"{type(one).__name__} is no condition on a file")
    return (value == one.value) is isinstance(one, Equals)


def _consistency() -> str:
    return request.headers.get("ConsistencyLevel", "")


def _path() -> str:
    return request.path.removeprefix(PREFIX)
