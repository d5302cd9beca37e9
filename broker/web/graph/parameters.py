"""The parameters of an operation, as OpenAPI describes them: those of the path, and the options that its resource has."""

from __future__ import annotations

import re

from broker.web.graph.operation import Operation, Options, OptionsKind
from broker.web.graph.query import Resource
from broker.web.graph.query.grammar import MAX_LENGTH
from broker.web.graph.query.properties import DateTime, Items, Property, Text
from broker.web.graph.schema import Schema

_IN_PATH = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>", re.ASCII)
_ADVANCED = "Needed by ne, not, endswith, $search, $count, and by $orderby with $filter, as in Graph."


def openapi_path(rule: str) -> str:
    """`/users/{user}` of the rule `/users/<user>`."""
    return _IN_PATH.sub(r"{\g<name>}", rule)


def parameters_of(rule: str, operation: Operation) -> list[Schema]:
    """Every parameter that the operation reads."""
    found = [_of_path(hit["kind"], hit["name"]) for hit in _IN_PATH.finditer(rule)]
    found += _of_query(operation.query)
    if operation.if_match:
        found.append(_header("If-Match", {"type": "string"}, "The ETag of the version that was read; `*` for any."))
    if not operation.public:
        found.append({"$ref": "#/components/parameters/client-request-id"})
    return found


def filters_of(resource: Resource) -> dict[str, list[str]]:
    """Property -> the operators that it has in $filter."""
    return {name: _operators(known, single=resource.one_branch) for name, known in sorted(resource.filters.items())}


def _of_path(kind: str | None, name: str) -> Schema:
    schema: Schema = {"type": "string", "format": "uuid"} if kind == "uuid" else {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _of_query(options: Options) -> list[Schema]:
    resource = options.resource
    if options.kind is OptionsKind.NONE or resource is None:
        return []
    if options.kind is OptionsKind.COUNT:
        return [
            *_filter(resource),
            _header("ConsistencyLevel", {"type": "string", "enum": ["eventual"]}, _ADVANCED, required=True),
        ]
    names = sorted(resource.selectable | (resource.unlisted if options.kind is OptionsKind.ENTITY else frozenset()))
    select: Schema = {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1}
    found = [_option("$select", select, "Properties of the response.")]
    if options.kind is OptionsKind.ENTITY:
        if resource.expandable:
            found.append(_option("$expand", {"type": "string", "enum": sorted(resource.expandable)}, "One relation."))
        return found
    top: Schema = {"type": "integer", "minimum": 1, "maximum": resource.max_top, "default": resource.default_top}
    found += [*_filter(resource), _option("$top", top, "Rows of a page.")]
    if options.kind is OptionsKind.DELTA:
        found.append(
            _option("$deltatoken", {"type": "string"}, "Of @odata.deltaLink; latest: no changes, only the current place.")
        )
    if resource.orders:
        orders = [
            f"{name}{end}"
            for name, sort in resource.orders.items()
            for end in ("", " asc", " desc")
            if not sort.only or end == f" {sort.only}"
        ]
        found.append(_option("$orderby", {"type": "string", "enum": orders}, ""))
    if resource.searches:
        possible = " and ".join(sorted(resource.searches))
        found.append(_option("$search", {"type": "string"}, f'Clauses like "displayName:Ann", joined by AND or OR: {possible}.'))
    if resource.counted:
        found.append(_option("$count", {"type": "boolean"}, "The number of rows, on the first page."))
    if options.kind is OptionsKind.LIST and (resource.counted or resource.searches):
        found.append(_header("ConsistencyLevel", {"type": "string", "enum": ["eventual"]}, _ADVANCED))
    return [*found, _option("$skiptoken", {"type": "string"}, "Of @odata.nextLink; belongs to one program and one query.")]


def _filter(resource: Resource) -> list[Schema]:
    if not resource.filters:
        return []
    said = "; ".join(f"{name}: {', '.join(operators)}" for name, operators in filters_of(resource).items())
    return [_option("$filter", {"type": "string", "maxLength": MAX_LENGTH}, said) | {"x-filter": filters_of(resource)}]


def _operators(known: Property, *, single: bool) -> list[str]:
    """single: the list knows neither `or` nor `in`."""
    if isinstance(known, Items):
        return [f"any({', '.join(path or 'the item' for path in known.paths)})"]
    if isinstance(known, DateTime):
        return ["ge", "gt", "le", "lt"]
    several = [] if single else ["in"]
    if isinstance(known, Text):
        more = {"ne": known.unique, "startswith": known.begins, "endswith": known.reversed is not None}
        return ["eq", *several, *(name for name, has in more.items() if has)]
    return ["eq", "ne", *several]


def _option(name: str, schema: Schema, about: str) -> Schema:
    found: Schema = {"name": name, "in": "query", "schema": schema}
    if schema["type"] == "array":
        found |= {"style": "form", "explode": False}
    return {**found, "description": about} if about else found


def _header(name: str, schema: Schema, about: str, *, required: bool = False) -> Schema:
    return {"name": name, "in": "header", "required": required, "schema": schema, "description": about}
