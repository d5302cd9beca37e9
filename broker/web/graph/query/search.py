"""$search: `"property:value"`, joined by AND and OR. A value is compared from its beginning, in any case: an index answers that (graph $search)."""

from __future__ import annotations

import re

from broker.web.graph.query.conditions import Compiled, all_of, any_of
from broker.web.graph.query.grammar import MAX_VALUE, Literal
from broker.web.graph.query.properties import Branches, Resource, Text, text_branches
from broker.web.graph.query.refusal import bad, unsupported

_MAX_CLAUSES = 15
_CLAUSE = re.compile(r'"(?P<name>[A-Za-z]{1,64}):(?P<value>(?:[^"\\]|\\["\\])+)"', re.ASCII)
_JOIN = re.compile(r" +(AND|OR) +", re.ASCII)
_ESCAPED = re.compile(r'\\(["\\])')


def compile_search(resource: Resource, text: str) -> Compiled:
    """The conditions of a search of this resource; AND binds more tightly than OR. Raises ApiRefused."""
    if not resource.searches:
        raise unsupported("$search", f"$search is not supported for {resource.name}.")
    found = Compiled()
    alternatives: list[list[Branches]] = [[]]
    at, clauses, stripped = 0, 0, text.strip(" ")
    while True:
        clause = _CLAUSE.match(stripped, at)
        clauses += 1
        if clause is None or clauses > _MAX_CLAUSES:
            raise bad("$search", f'$search has at most {_MAX_CLAUSES} clauses like "displayName:Ann", joined by AND or OR.')
        alternatives[-1].append(_clause(resource, clause["name"], _ESCAPED.sub(r"\1", clause["value"]), found))
        at = clause.end()
        if at == len(stripped):
            break
        joined = _JOIN.match(stripped, at)
        if joined is None:
            raise bad("$search", "The clauses of $search are joined by AND or OR, in capitals.")
        at = joined.end()
        if joined[1] == "OR":
            alternatives.append([])
    found.branches = any_of([all_of(parts) for parts in alternatives])
    return found


def _clause(resource: Resource, name: str, value: str, found: Compiled) -> Branches:
    known = resource.filters.get(name) if name in resource.searches else None
    if not isinstance(known, Text):
        possible = " and ".join(sorted(resource.searches))
        kind = unsupported if name in resource.selectable | resource.unlisted else bad
        raise kind("$search", f"{resource.name} can be searched by {possible}.")
    if len(value) > MAX_VALUE or not value.isprintable() or not value.strip():
        raise bad("$search", f"A value of $search has 1 to {MAX_VALUE} printable characters.")
    found.properties.add(name)
    return text_branches(name, known, "startswith", Literal("text", value))
