"""Times are whole seconds since 1970; lengths are seconds. This module names the lengths, and writes and reads times as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from broker.domain.errors import Invalid

Clock = Callable[[], int]  # tells the time

MINUTE = 60
HOUR = 3_600
DAY = 86_400
YEAR = 365 * DAY
ISO = "%Y-%m-%dT%H:%M:%SZ"


def iso(at: int) -> str:
    """A time in UTC as RFC 3339 writes it: 2026-01-31T12:00:00Z."""
    return f"{datetime.fromtimestamp(at, UTC).isoformat()[:19]}Z"  # as ISO; strftime takes twice as long, and pages have hundreds


def from_iso(text: str) -> int:
    """The time that `iso` wrote. Raises ValueError."""
    return int(datetime.strptime(text, ISO).replace(tzinfo=UTC).timestamp())


# --- as a person writes them: days are whole days of UTC (PO-08) --------------------------------------------------------

_WRONG = "is no date; write it as 2027-01-31, or with a time as 2027-01-31T17:00:00Z"


def first_moment(text: str) -> int:
    """The begin of a day, or the time itself. Seconds since 1970. Raises Invalid."""
    return int(_parsed(text)[0].timestamp())


def after_last_moment(text: str) -> int:
    """The end of a day, which is included; or the time itself, which is not (HT-12). Raises Invalid."""
    at, is_day = _parsed(text)
    try:
        return int((at + timedelta(days=1) if is_day else at).timestamp())
    except OverflowError:
        raise Invalid(f"{text!r} {_WRONG}", "date") from None


def last_day(end: int) -> str:
    """The last whole day before an end, as a date field writes it: the reverse of `after_last_moment`."""
    return datetime.fromtimestamp(end - 1, UTC).strftime("%Y-%m-%d")


def _parsed(text: str) -> tuple[datetime, bool]:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text!r} {_WRONG}", "date") from None
    is_day = len(text) <= 10
    if not is_day and at.tzinfo is None:
        raise Invalid(f"{text!r} does not say in which zone; write a Z behind it for UTC", "date")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC), is_day
