"""A file that does not exist yet, checked exactly as it would be in config/: alone, and together with the files that are there.

Nothing is written. The draft may stand on environment variables that are set only when the file is put in place; the caller names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

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


def check(home: Path, environ: Mapping[str, str], draft: Draft) -> list[ConfigError]:
    """Everything that `broker check` would say of this file if it were there. Errors of other files are not the draft's.

    environ: for the references of the draft; those of the other files are not resolved.
    """
    problem = sources.name_problem(draft.kind, draft.id)
    if problem:
        return [ConfigError(draft.file, 1, "file", problem)]
    reading = sources.read(home.absolute(), {})
    reading.sources = [one for one in reading.sources if (one.kind, one.id) != (draft.kind, draft.id)]
    source = sources.judge(draft.kind, draft.id, draft.file, draft.text.encode(), References(home, environ), home.absolute())
    reading.sources.append(source)
    return in_order([*source.tree.errors, *(error for error in cross.check(reading) if error.file == draft.file)])


def written(values: Mapping[str, Any]) -> str:
    """YAML of some keys in their order: a list of plain values on one line, every text so that it is read as a text."""
    return str(yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, default_flow_style=None, width=10_000))
