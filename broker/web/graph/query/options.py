"""The query of a list's address, read strictly: each option once, each name known, each value within its bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from broker.domain.list_query import EVERYTHING, Begins, ListOrder, ListQuery
from broker.web.graph.query.conditions import Compiled, all_of, compile_filter
from broker.web.graph.query.grammar import parse
from broker.web.graph.query.properties import Resource
from broker.web.graph.query.refusal import bad, unlisted, unsupported
from broker.web.graph.query.search import compile_search

_KNOWN = ("$filter", "$select", "$top", "$orderby", "$expand", "$count", "$search", "$skiptoken")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_MAX_NAMES = 60  # of $select
_MAX_TOTAL = 8192  # characters of names and values
SKIPTOKEN, DELTATOKEN = "$skiptoken", "$deltatoken"
_LATEST = "latest"  # a $deltatoken: no changes, only the current place

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """What a program asks of a list. select: None: the default set. token: of the page, "" for the first one. option: the name that it has.

    sent: the options without $skiptoken, in their order, as they return in @odata.nextLink; a token is bound to them.
    """

    query: ListQuery
    top: int
    select: tuple[str, ...] | None = None
    expand: tuple[str, ...] = ()
    count: bool = False
    token: str = ""
    option: str = SKIPTOKEN
    sent: Pairs = ()

    @property
    def is_latest(self) -> bool:
        """Whether only the current place is asked for."""
        return (self.option, self.token) == (DELTATOKEN, _LATEST)

    def bound(self) -> str:
        """The options as one text."""
        return "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in self.sent)


def read_list(resource: Resource, pairs: Pairs, *, consistency: str = "") -> ListRequest:
    """The options of a list's address. consistency: the value of the header ConsistencyLevel, "" without one. Raises ApiRefused.

    A page behind the first needs no header: clients do not repeat it, and the token proves that the first page was permitted.
    """
    options = _options(pairs, _KNOWN)
    eventual = _eventual(consistency)
    filtered = compile_filter(resource, parse(options["$filter"])) if "$filter" in options else None
    count = _flag("$count", options["$count"]) if "$count" in options else False
    if count and not resource.counted:
        raise unsupported("$count", f"$count is not supported for {resource.name}.")
    searched = compile_search(resource, options["$search"]) if "$search" in options else None
    if SKIPTOKEN not in options:
        _check_advanced(filtered, has_order="$orderby" in options, count=count, eventual=eventual)
        if searched is not None and not eventual:
            raise unsupported("$search", "$search needs the header ConsistencyLevel: eventual.")
    narrowed = _both(filtered, searched)
    return ListRequest(
        query=ListQuery(
            branches=narrowed.branches if narrowed else EVERYTHING, order=order_of(resource, narrowed, options.get("$orderby"))
        ),
        top=_top(resource, options["$top"]) if "$top" in options else resource.default_top,
        select=_select(resource, options["$select"]) if "$select" in options else None,
        expand=_expand(resource, options["$expand"]) if "$expand" in options else (),
        count=count,
        token=options.get(SKIPTOKEN, ""),
        sent=tuple((name, value) for name, value in pairs if name != SKIPTOKEN),
    )


def read_delta(resource: Resource, pairs: Pairs) -> ListRequest:
    """The options of a list of changes: $select, $top and one token. Raises ApiRefused."""
    options = _options(pairs, ("$select", "$top", SKIPTOKEN, DELTATOKEN))
    tokens = [name for name in (SKIPTOKEN, DELTATOKEN) if name in options]
    if len(tokens) > 1:
        raise bad(DELTATOKEN, "A request has one of $skiptoken and $deltatoken.")
    option = tokens[0] if tokens else SKIPTOKEN
    return ListRequest(
        query=ListQuery(order=resource.order),
        top=_top(resource, options["$top"]) if "$top" in options else resource.default_top,
        select=_select(resource, options["$select"]) if "$select" in options else None,
        token=options.get(option, ""),
        option=option,
        sent=tuple((name, value) for name, value in pairs if name not in (SKIPTOKEN, DELTATOKEN)),
    )


def _both(filtered: Compiled | None, searched: Compiled | None) -> Compiled | None:
    """$filter and $search together: rows that both find."""
    if filtered is None or searched is None:
        return filtered or searched
    branches = all_of([searched.branches, filtered.branches])
    return Compiled(branches=branches, properties=filtered.properties | searched.properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRequest:
    """What a program asks of one entity. select: None: the default set."""

    select: tuple[str, ...] | None = None
    expand: tuple[str, ...] = ()


def read_entity(resource: Resource, pairs: Pairs) -> EntityRequest:
    """The options of one entity's address: $select and $expand. Raises ApiRefused."""
    options = _options(pairs, ("$select", "$expand"))
    return EntityRequest(
        select=_select(resource, options["$select"], single=True) if "$select" in options else None,
        expand=_expand(resource, options["$expand"]) if "$expand" in options else (),
    )


def read_count(resource: Resource, pairs: Pairs, *, consistency: str = "") -> ListQuery:
    """The query of LIST/$count: only $filter, and always with the header. Raises ApiRefused."""
    options = _options(pairs, ("$filter",))
    if not _eventual(consistency):
        raise unsupported("$count", "$count needs the header ConsistencyLevel: eventual.")
    branches = compile_filter(resource, parse(options["$filter"])).branches if "$filter" in options else EVERYTHING
    return ListQuery(branches=branches, order=resource.order)


def refuse_all(pairs: Pairs) -> None:
    """An address that takes no option. Raises ApiRefused."""
    _options(pairs, ())


def order_of(resource: Resource, filtered: Compiled | None, wanted: str | None) -> ListOrder:
    """The wanted order, if an index has it together with this filter; without a wish the order in which the filter is walked.

    Raises ApiRefused.
    """
    named, branches = (filtered.properties, filtered.branches) if filtered else (set[str](), ())
    if wanted is not None:
        found = _order(resource, wanted)
        for name in sorted(named - resource.orders[found[0]].along):
            raise unsupported("$orderby", f"$orderby={found[0]} together with a condition on '{name}' is not supported.")
        return ListOrder(field=resource.orders[found[0]].field, descending=found[1])
    for column in resource.walks:
        if branches and all(any(isinstance(one, Begins) and one.field is column for one in branch) for branch in branches):
            return ListOrder(field=column)
    return resource.order


def _options(pairs: Pairs, known: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if sum(len(name) + len(value) for name, value in pairs) > _MAX_TOTAL:
        raise bad("query", f"The query has at most {_MAX_TOTAL} characters.")
    for name, value in pairs:
        if name not in known:
            shown = name if _NAME.fullmatch(name.removeprefix("$")) else "?"
            kind = unsupported if name in (*_KNOWN, "$skip", "$format", "$apply", "$compute") else bad
            raise kind(shown, f"The query parameter '{shown}' is not supported here.")
        if name in found:
            raise bad(name, f"The query parameter '{name}' occurs twice.")
        if not value.isprintable():
            raise bad(name, f"The query parameter '{name}' holds a control character.")
        found[name] = value
    return found


def _eventual(value: str) -> bool:
    if value and value.lower() not in ("eventual", "session"):
        raise bad("ConsistencyLevel", "ConsistencyLevel is 'eventual'.")
    return value.lower() == "eventual"


def _check_advanced(filtered: Compiled | None, *, has_order: bool, count: bool, eventual: bool) -> None:
    """Graph answers these with the header only, so that code that works here works there. Raises ApiRefused."""
    needed = (filtered is not None and filtered.advanced) or (filtered is not None and has_order)
    if count and not eventual:
        raise unsupported("$count", "$count needs the header ConsistencyLevel: eventual.")
    if needed and not (eventual and count):
        raise unsupported(
            "$filter",
            "'ne', 'not', 'endswith', and $orderby with $filter need the header ConsistencyLevel: eventual and $count=true.",
        )


def _flag(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise bad(name, f"{name} is true or false.")
    return value.lower() == "true"


def _top(resource: Resource, value: str) -> int:
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= resource.max_top:
        raise bad("$top", f"$top is a number from 1 to {resource.max_top}.")
    return int(value)


def _order(resource: Resource, value: str) -> tuple[str, bool]:
    """The property, and whether it descends."""
    name, _, direction = value.strip().partition(" ")
    if "," in value:
        raise unsupported("$orderby", "$orderby takes one property.")
    if name not in resource.orders:
        possible = ", ".join(sorted(resource.orders)) or "no property"
        kind = unsupported if name in resource.selectable else bad
        raise kind("$orderby", f"{resource.name} can be ordered by {possible}.")
    if direction.strip().lower() not in ("", "asc", "desc"):
        raise bad("$orderby", "$orderby is a property, and asc or desc.")
    found = direction.strip().lower() or "asc"
    if resource.orders[name].only not in ("", found):
        raise unsupported("$orderby", f"{resource.name} is listed by {name} {resource.orders[name].only} only.")
    return name, found == "desc"


def _names(option: str, value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(","))
    if len(names) > _MAX_NAMES or any(not _NAME.fullmatch(name) for name in names):
        raise bad(option, f"{option} is a list of at most {_MAX_NAMES} names, joined by commas.")
    return tuple(dict.fromkeys(names))


def _select(resource: Resource, value: str, *, single: bool = False) -> tuple[str, ...]:
    names = _names("$select", value)
    for name in names:
        if name in resource.unlisted and not single:
            raise unlisted("$select", f"'{name}' is available for one {resource.name} only, not for a list.")
        if name not in resource.selectable | resource.unlisted:
            raise bad("$select", f"Could not find a property named '{name}' on {resource.name}.")
    return names


def _expand(resource: Resource, value: str) -> tuple[str, ...]:
    if "(" in value:
        raise unsupported("$expand", "Options inside $expand are not supported.")
    names = _names("$expand", value)
    for name in names:
        if name in resource.relations:
            raise unsupported("$expand", f"$expand={name} is not supported: read the relation itself.")
        if name not in resource.expandable:
            raise bad("$expand", f"'{name}' of {resource.name} cannot be expanded.")
    if len(names) > 1:
        raise unsupported("$expand", "$expand takes one relation.")
    return names
