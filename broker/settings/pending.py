"""Keys that are read and checked, but whose capability is not built yet: `broker check` says so for each one in use.

When a capability arrives, delete its line here; nothing else knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from broker.settings.errors import ConfigError, dotted, in_order
from broker.settings.federation_file import MDQ
from broker.settings.sources import Reading, Source


class PendingKey(NamedTuple):
    """kind: of file. path: dotted key. missing: the capability in plain words. prefix: of the values that need it; "" for all."""

    kind: str
    path: str
    missing: str
    prefix: str = ""


PENDING = (PendingKey("federation", "metadata", "asking for entities one by one is not built", MDQ),)


def notes(reading: Reading) -> list[ConfigError]:
    """One line for each key in use that has no effect; only of files without errors."""
    return in_order(note for source in reading.sources if source.model is not None for note in _of(source))


def _of(source: Source) -> Iterator[ConfigError]:
    for entry in PENDING:
        keys = tuple(entry.path.split("."))
        if entry.kind != source.kind or keys not in source.tree.lines:
            continue
        value, default = _value(source.model, keys)
        if value != default and str(value).startswith(entry.prefix):
            yield ConfigError(source.tree.file, source.tree.line(keys), dotted(keys), f"has no effect yet: {entry.missing}")


def _value(model: Any, keys: tuple[str, ...]) -> tuple[Any, Any]:
    """The value at a place of one or two keys, and what it would be if it were not written."""
    *above, last = keys
    for key in above:
        model = getattr(model, key)
    if above:
        return getattr(model, last), getattr(type(model)(), last)  # a section has a default for every key
    default = type(model).model_fields[last].get_default(call_default_factory=True, validated_data={})
    return getattr(model, last), default
