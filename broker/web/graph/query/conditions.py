"""From the tree of a $filter to branches of conditions on indexed columns: negations move to the leaves, then `and` meets `or`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from broker.domain.list_query import Branch
from broker.web.graph.query.grammar import Both, Compared, Either, Function, Literal, Membership, Negation, Node, SomeItem
from broker.web.graph.query.properties import (
    Branches,
    DateTime,
    Items,
    Property,
    Resource,
    Text,
    Words,
    moment_branches,
    text_branches,
    word_branches,
)
from broker.web.graph.query.refusal import bad, unsupported

MAX_BRANCHES = 15  # of a filter; as many as Graph takes values of `in`
_OPPOSITE = {"eq": "ne", "ne": "eq", "ge": "lt", "lt": "ge", "gt": "le", "le": "gt"}


@dataclass(slots=True)
class Compiled:
    """branches: what storage walks. advanced: whether Graph asks for ConsistencyLevel and $count. properties: that were named."""

    branches: Branches = ()
    advanced: bool = False
    properties: set[str] = field(default_factory=set)


def compile_filter(resource: Resource, tree: Node) -> Compiled:
    """The conditions of a filter of this resource. Raises ApiRefused."""
    found = Compiled()
    found.branches = _branches(resource, tree, found, negated=False)
    if resource.one_branch and len(found.branches) > 1:
        raise unsupported("$filter", f"'or' and 'in' are not supported for {resource.name}.")
    return found


def _branches(resource: Resource, node: Node, found: Compiled, *, negated: bool) -> Branches:
    if isinstance(node, Negation):
        found.advanced = True
        return _branches(resource, node.part, found, negated=not negated)
    if isinstance(node, Both | Either):
        parts = [_branches(resource, part, found, negated=negated) for part in node.parts]
        return all_of(parts) if isinstance(node, Both) is not negated else any_of(parts)
    if isinstance(node, Membership):
        if len(node.values) > MAX_BRANCHES:
            raise unsupported("$filter", f"'in' takes at most {MAX_BRANCHES} values.")
        each = [_leaf(resource, node.path, "ne" if negated else "eq", value, found) for value in node.values]
        return all_of(each) if negated else any_of(each)
    if isinstance(node, SomeItem):
        if negated:
            raise unsupported("$filter", "'not' with any() is not supported.")
        return _some(resource, node, found)
    if isinstance(node, Function):
        if negated:
            raise unsupported("$filter", f"'not' with {node.name}() is not supported.")
        return _leaf(resource, node.path, node.name, node.value, found)
    return _leaf(resource, node.path, _OPPOSITE[node.operator] if negated else node.operator, node.value, found)


def _leaf(resource: Resource, path: str, operator: str, literal: Literal, found: Compiled) -> Branches:
    if operator in ("ne", "endswith"):
        found.advanced = True
    known = _property(resource, path)
    found.properties.add(path)
    if isinstance(known, Text):
        return text_branches(path, known, operator, literal)
    if isinstance(known, Words):
        return word_branches(path, known, operator, literal)
    if isinstance(known, DateTime):
        return moment_branches(path, known, operator, literal)
    raise unsupported("$filter", f"'{path}' is a collection: use {path}/any(...).")


def _property(resource: Resource, path: str) -> Property:
    known = resource.filters.get(path)
    if known is not None:
        return known
    if path.split("/", maxsplit=1)[0] in resource.selectable | resource.unlisted:
        raise unsupported("$filter", f"Property '{path}' of {resource.name} cannot be filtered.")
    raise bad("$filter", f"Invalid filter clause: could not find a property named '{path}' on {resource.name}.")


def _some(resource: Resource, node: SomeItem, found: Compiled) -> Branches:
    known = _property(resource, node.path)
    if not isinstance(known, Items):
        raise unsupported("$filter", f"'{node.path}' is not a collection.")
    found.properties.add(node.path)
    parts = node.inner.parts if isinstance(node.inner, Both) else (node.inner,)
    values: dict[str, str] = {}
    for part in parts:
        if not isinstance(part, Compared) or part.operator != "eq" or part.value.kind not in ("text", "guid"):
            raise unsupported("$filter", f"any() of '{node.path}' compares {_listed(known)} by 'eq' with a text.")
        if part.path in values or part.path not in known.paths:
            raise unsupported("$filter", f"any() of '{node.path}' compares {_listed(known)}, each once.")
        values[part.path] = part.value.value
    if set(values) != set(known.paths):
        raise unsupported("$filter", f"any() of '{node.path}' needs {_listed(known)}.")
    return known.find(values)


def _listed(known: Items) -> str:
    return " and ".join(f"'{path}'" if path else "the item" for path in known.paths)


def any_of(parts: list[Branches]) -> Branches:
    """The branches of every part. Raises ApiRefused for too many."""
    return _bounded(_distinct(branch for part in parts for branch in part))


def all_of(parts: list[Branches]) -> Branches:
    """Every combination of a branch of each part. Raises ApiRefused for too many."""
    result: Branches = ((),)
    for branches in parts:
        result = _bounded(_distinct((*left, *(c for c in right if c not in left)) for left in result for right in branches))
    return result


def _distinct(branches: Iterable[Branch]) -> Branches:
    return tuple(dict.fromkeys(branches))


def _bounded(branches: Branches) -> Branches:
    if len(branches) > MAX_BRANCHES:
        raise unsupported("$filter", f"$filter has more than {MAX_BRANCHES} alternatives.")
    return branches
