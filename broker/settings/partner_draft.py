"""A partner's file before it is one: its text from values, and what `broker check` would say of it together with the files that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from broker.settings import cross, sources
from broker.settings.errors import ConfigError, in_order
from broker.settings.partner_file import PartnerFile
from broker.settings.secrets import References
from broker.settings.sources import Source

_KIND = "partner"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerDraft:
    """The keys of a partner's file. section: `saml` or `oidc`; keys: of that section, in their order. Empty values are left out."""

    id: str
    name: str
    section: str
    keys: Mapping[str, object]
    domains: tuple[str, ...] = ()
    members: bool = False
    claims: Mapping[str, str] = field(default_factory=dict)
    trust: Mapping[str, object] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Where the file belongs, relative to the home."""
        return f"config/partners/{self.id}.yaml"

    @property
    def text(self) -> str:
        """The file. Texts that YAML would read as something else are quoted."""
        data: dict[str, Any] = {
            "name": self.name,
            "domains": list(self.domains),
            "members": self.members,
            self.section: {key: value for key, value in self.keys.items() if value},
            "claims": dict(self.claims),
            "trust": {key: list(value) if isinstance(value, tuple) else value for key, value in self.trust.items() if value},
        }
        kept = {key: value for key, value in data.items() if value or key == self.section}
        return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1000)


@dataclass(frozen=True, slots=True)
class JudgedDraft:
    """What is wrong, one line each as `broker check` prints it; without errors, the file as the broker would read it.

    clashes: those of the errors that tell of other partners' files.
    """

    errors: tuple[ConfigError, ...]
    partner: PartnerFile | None
    clashes: frozenset[ConfigError] = frozenset()


def judge(
    draft: PartnerDraft, home: Path, *, beside: Path | None = None, environ: Mapping[str, str] | None = None
) -> JudgedDraft:
    """Judges the draft as if its file were there, instead of one of the same name.

    beside: where the files lie that the draft names; None: the home. environ: for its references `${env:...}`; those of the other
    files are not resolved, and their mistakes are not reported.
    """
    problem = sources.name_problem(_KIND, draft.id)
    if problem:
        return JudgedDraft((ConfigError(draft.file, 1, "id", problem),), None)
    reading = sources.read(home.absolute(), {})
    reading.sources = [one for one in reading.sources if (one.kind, one.id) != (_KIND, draft.id)]
    before = set(cross.check(reading))
    source = _source(draft, beside or home, environ or {})
    reading.sources.append(source)
    clashes = frozenset(cross.check(reading)) - before
    errors = in_order([*source.tree.errors, *clashes])
    partner = source.model if isinstance(source.model, PartnerFile) and not errors else None
    return JudgedDraft(tuple(errors), partner, clashes)


def _source(draft: PartnerDraft, home: Path, environ: Mapping[str, str]) -> Source:
    return sources.judge(_KIND, draft.id, draft.file, draft.text.encode(), References(home, environ), home)
