"""Counting attempts in the database, so that limits hold over sessions, addresses, processes and restarts (HW-10)."""

from __future__ import annotations

from broker.domain.errors import TooManyAttempts
from broker.services.core import Core
from broker.storage.engine import Connection
from broker.storage.operations import rate_limits


class RateLimits:
    """Limits by key and window."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock

    def hit(self, key: str, *, limit: int, window: int, tx: Connection | None = None) -> None:
        """Count one attempt; raises TooManyAttempts above `limit` in `window` seconds.

        Without `tx` the count is committed at once, so a refusal that rolls back later does not undo it.
        """
        now = self._clock()
        if tx is not None:
            count = rate_limits.count_attempt(tx, key, now, window)
        else:
            with self._db.write() as own:
                count = rate_limits.count_attempt(own, key, now, window)
        if count > limit:
            raise TooManyAttempts("limit_reached", f"{key.partition(':')[0]}: more than {limit} in {window} s").later(
                window - now % window
            )

    def check(self, key: str, *, limit: int, window: int, tx: Connection | None = None) -> None:
        """Raise TooManyAttempts where `limit` was reached already; counts nothing (for limits on failures only)."""
        now = self._clock()
        if tx is not None:
            count = rate_limits.attempts_in(tx, key, now, window)
        else:
            with self._db.read() as own:
                count = rate_limits.attempts_in(own, key, now, window)
        if count >= limit:
            raise TooManyAttempts("limit_reached", f"{key.partition(':')[0]}: {limit} in {window} s").later(window - now % window)
