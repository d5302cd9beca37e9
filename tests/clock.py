"""A clock that stands still until it is told to move."""

from __future__ import annotations

START = 1_800_000_000  # 2027-01-15T08:00:00Z


class Clock:
    """Callable like time.time, in whole seconds."""

    def __init__(self, now: int = START) -> None:
        """now: seconds since 1970, UTC."""
        self.now = now

    def __call__(self) -> int:
        """The time it shows."""
        return self.now

    def advance(self, seconds: int) -> int:
        """Move on; the new time."""
        self.now += seconds
        return self.now
