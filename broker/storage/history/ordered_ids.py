"""Ids of rows whose order is that in which they were stored, as far as one process and the clocks of nodes can say."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable


class OrderedIds:
    """UUIDs of version 7: one that a process gives later is greater than the ones before (RFC 9562 5.7; 6.2, method 3).

    62 of their bits are random. They also tell the time at which they were given, so they are for rows that tell it anyway.
    """

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        """clock: nanoseconds since 1970."""
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0  # milliseconds and, in 12 bits, their parts

    def next(self) -> str:
        """The next one, also where the clock stands still or goes back."""
        with self._lock:
            self._last = ticks = max((self._clock() << 12) // 1_000_000, self._last + 1)
        value = (ticks >> 12) << 80 | 7 << 76 | (ticks & 0xFFF) << 64 | 2 << 62 | secrets.randbits(62)
        return str(uuid.UUID(int=value))
