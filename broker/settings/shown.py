"""The text of a config file as staff may read it: without what a key stands for."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import yaml

HIDDEN = "(not shown)"

_REFERENCE = re.compile(r"\$\{[^{}]*\}")


def without_values(text: str, key: str) -> str | None:
    """The text with HIDDEN for each value of this key, however YAML writes it; a reference such as ${env:NAME} stays.

    None for a text that is no YAML: nobody can say where its values are.
    """
    try:
        events: list[Any] = list(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return None
    for name, value in reversed(list(pairwise(events))):
        scalars = isinstance(name, yaml.ScalarEvent) and isinstance(value, yaml.ScalarEvent)
        if scalars and name.value == key and not _REFERENCE.fullmatch(value.value):
            end = "\n" if text[value.end_mark.index - 1 : value.end_mark.index] == "\n" else ""  # of a block of lines
            text = text[: value.start_mark.index] + HIDDEN + end + text[value.end_mark.index :]
    return text
