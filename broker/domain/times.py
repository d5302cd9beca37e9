"""Times are whole seconds since 1970; lengths are seconds. This module names the lengths and writes a time as text."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE = 60
HOUR = 3_600
DAY = 86_400
YEAR = 365 * DAY
ISO = "%Y-%m-%dT%H:%M:%SZ"


def iso(at: int) -> str:
    """A time in UTC as RFC 3339 writes it: 2026-01-31T12:00:00Z."""
    return datetime.fromtimestamp(at, UTC).strftime(ISO)


def from_iso(text: str) -> int:
    """The time that `iso` wrote. Raises ValueError."""
    return int(datetime.strptime(text, ISO).replace(tzinfo=UTC).timestamp())
