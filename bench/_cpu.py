"""How the benchmarks of one process count its CPU."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def milliseconds(work: Callable[[], Any], times: int, rounds: int = 5) -> float:
    """CPU of one call, in ms: the median of the means of `rounds` rounds of `times` calls."""
    means = []
    for _ in range(rounds):
        started = time.process_time()
        for _ in range(times):
            work()
        means.append((time.process_time() - started) / times * 1000)
    return round(statistics.median(means), 3)
