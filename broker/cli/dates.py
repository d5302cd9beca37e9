"""Dates and times as a person writes them on a command line: days are whole days of UTC (PO-08)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from broker.domain.errors import Invalid

_WRONG = "is no date; write it as 2027-01-31, or with a time as 2027-01-31T17:00:00Z"


def first_moment(text: str) -> int:
    """When a day begins, or the very time. Seconds since 1970. Raises Invalid."""
    return int(_parsed(text)[0].timestamp())


def after_last_moment(text: str) -> int:
    """When a day is over: the day itself still counts; or the very time, at which it is over (HT-12). Raises Invalid."""
    at, is_day = _parsed(text)
    try:
        return int((at + timedelta(days=1) if is_day else at).timestamp())
    except OverflowError:
        raise Invalid(f"{text!r} {_WRONG}", "date") from None


def _parsed(text: str) -> tuple[datetime, bool]:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text!r} {_WRONG}", "date") from None
    is_day = len(text) <= 10
    if not is_day and at.tzinfo is None:
        raise Invalid(f"{text!r} does not say in which zone; write a Z behind it for UTC", "date")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC), is_day
