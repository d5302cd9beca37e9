"""Browsers in which a mailbox was proven before: each keeps a sealed mark, and the broker stores nothing (FA-13).

The mark proves only that. It signs nobody in.
"""

from __future__ import annotations

import json

from broker.domain.ids import digest, new_id
from broker.domain.times import YEAR
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer

KEPT = YEAR  # seconds
_PURPOSE = "known-browser"


class KnownBrowsers:
    """Writes and reads the marks."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def mark(self, mailbox: str, now: int) -> str:
        """For a browser that has just proven this mailbox."""
        content = {"mailbox": digest(mailbox), "browser": new_id(), "at": now}
        return self._sealer.seal(json.dumps(content).encode(), _PURPOSE)

    def id_of(self, mark: str | None, mailbox: str, now: int) -> str | None:
        """The id of a browser with a mark of this mailbox; None for any other browser."""
        if mark is None:
            return None
        try:
            content = json.loads(self._sealer.open(mark, _PURPOSE))
        except SealError:
            return None
        if content["mailbox"] != digest(mailbox) or not 0 <= now - content["at"] < KEPT:
            return None
        return str(content["browser"])
