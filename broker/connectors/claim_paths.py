"""Nested claims: a name with dots is a path into JSON objects, such as `realm_access.roles` (FB-13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def heads(source: str) -> tuple[str, ...]:
    """The top-level claims in which the path may begin: `a` and `a.b` for `a.b.c`."""
    parts = source.split(".")
    return tuple(".".join(parts[:count]) for count in range(1, len(parts)))


def is_nothing(value: Any) -> bool:
    """Whether the value is null, empty, or white space only (FB-18)."""
    return value in (None, "", [], {}) or (isinstance(value, str) and value.isspace())


def at_path(values: Mapping[str, Any], path: str) -> Any:
    """The value at a path. A member's name may contain dots: the longest name is tried first."""
    for head in heads(path):
        inner = values.get(head)
        if isinstance(inner, dict):
            rest = path[len(head) + 1 :]
            found = inner[rest] if not is_nothing(inner.get(rest)) else at_path(inner, rest)
            if found is not None:
                return found
    return None
