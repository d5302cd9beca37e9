"""The language switch of pages that a link cannot repeat: errors, and answers to a POST.

The page carries what it was made of, sealed under the root key; a button sends it back with another language. Nothing is
stored, nothing is done twice, and the reference stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broker.domain.errors import BadRequest
from broker.domain.times import HOUR
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer

PATH = "/language"
_KEPT = HOUR  # seconds
_LONGEST = 16 * 1024  # characters; a longer page has no switch
_PURPOSE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPage:
    """What `Pages.render` was called with."""

    template: str
    status: int
    context: Mapping[str, object]


class Repeats:
    """Seals pages and opens them."""

    def __init__(self, sealer: Sealer, clock: Callable[[], int]) -> None:
        self._sealer = sealer
        self._clock = clock

    def kept(self, page: RenderedPage) -> str:
        """The page as a form field, "" where it is too long for one."""
        content = {"at": self._clock(), "template": page.template, "status": page.status, "context": dict(page.context)}
        sealed = self._sealer.seal(json.dumps(content).encode(), _PURPOSE)
        return sealed if len(sealed) <= _LONGEST else ""

    def again(self, sealed: str) -> RenderedPage:
        """What was sealed here in the last hour. Raises BadRequest."""
        try:
            content = json.loads(self._sealer.open(sealed, _PURPOSE))
        except SealError as error:
            raise BadRequest("page_unknown", error.reason) from error
        if not self._clock() - _KEPT < content["at"] <= self._clock():
            raise BadRequest("page_unknown", "too old")
        return RenderedPage(template=content["template"], status=content["status"], context=content["context"])
