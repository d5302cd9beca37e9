"""Browsers in which a mailbox was proven before: each keeps a sealed mark, and the broker keeps nothing (FA-13).

The mark proves nothing but that: it signs nobody in.
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
    """Writes marks, and reads them."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def mark(self, mailbox: str, now: int) -> str:
        """For a browser that has just proven this mailbox."""
        said = {"mailbox": digest(mailbox), "browser": new_id(), "at": now}
        return self._sealer.seal(json.dumps(said).encode(), _PURPOSE)

    def id_of(self, mark: str | None, mailbox: str, now: int) -> str | None:
        """The id of a browser that brings a mark of this mailbox; None for every other one."""
        if mark is None:
            return None
        try:
            said = json.loads(self._sealer.open(mark, _PURPOSE))
        except SealError:
            return None
        if said["mailbox"] != digest(mailbox) or not 0 <= now - said["at"] < KEPT:
            return None
        return str(said["browser"])
