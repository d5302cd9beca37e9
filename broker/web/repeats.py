"""The language switch of pages that a link cannot repeat: errors, and answers to a POST.

The page carries what it was made of, sealed under the root key; a button sends it back with another language. Nothing is
stored, nothing is done twice, and the reference stays. Another release, whose templates differ, does not open it: they may
need values that the page does not carry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from broker.domain.errors import BadRequest
from broker.domain.times import HOUR, Clock
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer

PATH = "/language"
_KEPT = HOUR  # seconds
_LONGEST = 16 * 1024  # characters; a longer page has no switch
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPage:
    """What `Pages.render` was called with."""

    template: str
    status: int
    context: Mapping[str, object]


class Repeats:
    """Seals pages and opens them. templates: the folder of the templates that the pages are made from."""

    def __init__(self, sealer: Sealer, clock: Clock, templates: Path = TEMPLATES) -> None:
        self._sealer = sealer
        self._clock = clock
        self._purpose = f"page:{_digest(templates)}"

    def kept(self, page: RenderedPage) -> str:
        """The page as a form field, "" where it is too long for one."""
        content = {"at": self._clock(), "template": page.template, "status": page.status, "context": dict(page.context)}
        sealed = self._sealer.seal(json.dumps(content).encode(), self._purpose)
        return sealed if len(sealed) <= _LONGEST else ""

    def again(self, sealed: str) -> RenderedPage:
        """What was sealed here in the last hour. Raises BadRequest."""
        try:
            content = json.loads(self._sealer.open(sealed, self._purpose))
        except SealError as error:
            raise BadRequest("page_unknown", error.reason) from error
        if not self._clock() - _KEPT < content["at"] <= self._clock():
            raise BadRequest("page_unknown", "too old")
        return RenderedPage(template=content["template"], status=content["status"], context=content["context"])


def _digest(templates: Path) -> str:
    """Differs between releases whose templates differ."""
    found = hashlib.sha256()
    for path in sorted(templates.rglob("*.html")):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
