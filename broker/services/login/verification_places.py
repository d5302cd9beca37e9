"""Limits the SAML messages that a process verifies at the same time (HS-17, FA-02)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from broker.domain.errors import TooManyAttempts

AT_ONCE = 8  # where the number of threads is unknown


class VerificationPlaces:
    """Nothing waits for a place, because waiting holds a thread."""

    def __init__(self, threads: int | None) -> None:
        """threads: of this process; verification uses at most half of them."""
        self._at_once = max(1, threads // 2) if threads else AT_ONCE
        self._places = threading.BoundedSemaphore(self._at_once)

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place for one message. Raises TooManyAttempts(saml_busy)."""
        if not self._places.acquire(blocking=False):
            raise TooManyAttempts("saml_busy", f"more than {self._at_once} messages at once")
        try:
            yield
        finally:
            self._places.release()
