"""Claims inside claims: a name with dots is a path into objects, `realm_access.roles` (FB-13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def heads(source: str) -> tuple[str, ...]:
    """The claims at whose top a path of dots may begin: `a`, `a.b` of `a.b.c`."""
    parts = source.split(".")
    return tuple(".".join(parts[:count]) for count in range(1, len(parts)))


def is_nothing(value: Any) -> bool:
    """Null, empty, or a text of nothing but spaces (FB-18)."""
    return value in (None, "", [], {}) or (isinstance(value, str) and value.isspace())


def at_path(values: Mapping[str, Any], path: str) -> Any:
    """Down the objects; a member's own name may hold dots, and the whole rest goes before its parts."""
    for head in heads(path):
        inner = values.get(head)
        if isinstance(inner, dict):
            rest = path[len(head) + 1 :]
            found = inner[rest] if not is_nothing(inner.get(rest)) else at_path(inner, rest)
            if found is not None:
                return found
    return None
