"""Durations in config files: `45s`, `10m`, `12h`, `30d`; seconds in the program."""

from __future__ import annotations

import re

from broker.domain.times import DAY, HOUR, MINUTE
from broker.settings.errors import Wrong

_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}
LONGEST = 36_500 * DAY  # seconds; a century is beyond every use, and keeps sums within what databases store


def seconds(value: object) -> int:
    """The seconds of `12h`. Raises Wrong for anything but a whole number above zero and one unit."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Wrong("{value} is no duration; write a whole number and s, m, h or d, as in 30d", value=value)
    result = int(match[1]) * _SECONDS[match[2]]
    if not 0 < result <= LONGEST:
        raise Wrong("{value} is out of range; write a duration from 1s to 36500d", value=value)
    return result
