"""Run one piece of work many times at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")
PARALLEL = 20


def race(work: Callable[[int], T], count: int = PARALLEL) -> list[T]:
    """What `work(0)` to `work(count - 1)` returned, all started together by a barrier."""
    barrier = Barrier(count)

    def start(number: int) -> T:
        barrier.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(start, range(count)))
