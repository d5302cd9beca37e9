"""Times on the command line: a day of UTC, a time, or a number of days from now (PO-08)."""

from __future__ import annotations

import re
from typing import Any

import click

from broker.domain.times import DAY, after_last_moment, first_moment

_DAYS = re.compile(r"([1-9][0-9]{0,4})d", re.ASCII)


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic in some versions only
    """`2027-06-30`, `2027-06-30T12:00:00Z`, or `30d`; as a function of the current time, in seconds since 1970.

    through: the day itself still counts, so it ends at the midnight after it. back: `30d` lies behind us.
    """

    name = "date"

    def __init__(self, *, through: bool = False, back: bool = False) -> None:
        self._through = through
        self._back = back

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turns text into a function of the current time. Raises Invalid for a text that is no date."""
        if not isinstance(value, str):
            return value
        found = _DAYS.fullmatch(value)
        if found is not None:
            seconds = int(found[1]) * DAY * (-1 if self._back else 1)
            return lambda now: now + seconds
        at = after_last_moment(value) if self._through else first_moment(value)
        return lambda _now: at
