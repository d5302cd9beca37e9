"""A partner's file before it is one: its text from values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.settings.draft import Draft, written

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
        return self.draft.file

    @property
    def text(self) -> str:
        """The file. Texts that YAML would read as something else are quoted."""
        return self.draft.text

    @property
    def draft(self) -> Draft:
        """What is judged."""
        data: dict[str, Any] = {
            "name": self.name,
            "domains": list(self.domains),
            "members": self.members,
            self.section: {key: value for key, value in self.keys.items() if value},
            "claims": dict(self.claims),
            "trust": {key: list(value) if isinstance(value, tuple) else value for key, value in self.trust.items() if value},
        }
        kept = {key: value for key, value in data.items() if value or key == self.section}
        return Draft(kind=_KIND, id=self.id, text=written(kept))
