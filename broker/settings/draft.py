"""A file that does not exist yet, judged exactly as it would be in config/: alone, and together with the files that are there.

Nothing is written. The draft may stand on environment variables that are set only when the file is put in place; the caller names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from broker.settings import cross, sources
from broker.settings.errors import ConfigError, in_order
from broker.settings.secrets import References


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """kind: of sources.FOLDERS. id: the file's name without .yaml. text: YAML."""

    kind: str
    id: str
    text: str

    @property
    def file(self) -> str:
        """Its place, relative to the home."""
        return f"config/{sources.FOLDERS[self.kind]}/{self.id}.yaml"


@dataclass(frozen=True, slots=True)
class JudgedDraft:
    """What is wrong, one line each as `broker check` prints it; without errors, the file as the broker would read it.

    clashes: those of the errors that arise only together with the files that are there.
    """

    errors: tuple[ConfigError, ...]
    model: BaseModel | None
    clashes: frozenset[ConfigError] = frozenset()


def judge(home: Path, environ: Mapping[str, str], draft: Draft, *, beside: Path | None = None) -> JudgedDraft:
    """Judges the draft as if its file were there, instead of one of the same name. Errors that the other files have without it are not its own.

    environ: for the references of the draft; those of the other files are not resolved. `beside`: where the files lie that the draft
    names; None: the home.
    """
    problem = sources.name_problem(draft.kind, draft.id)
    if problem:
        return JudgedDraft((ConfigError(draft.file, 1, "file", problem),), None)
    reading = sources.read(home.absolute(), {})
    reading.sources = [one for one in reading.sources if (one.kind, one.id) != (draft.kind, draft.id)]
    before = set(cross.check(reading))
    folder = (beside or home).absolute()
    source = sources.judge(draft.kind, draft.id, draft.file, draft.text.encode(), References(folder, environ), folder)
    reading.sources.append(source)
    clashes = frozenset(cross.check(reading)) - before
    errors = tuple(in_order([*source.tree.errors, *clashes]))
    return JudgedDraft(errors, None if errors else source.model, clashes)


class _Dumper(yaml.SafeDumper):
    """A list of plain values stands on one line, as the documents show the keys."""


def _list(dumper: _Dumper, values: list[Any]) -> yaml.Node:
    plain = not any(isinstance(value, (list, dict)) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=plain)


_Dumper.add_representer(list, _list)


def written(values: Mapping[str, Any]) -> str:
    """YAML of some keys in their order, every text so that it is read as a text."""
    return str(
        yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=10_000)
    )
