"""The threads of a worker. They hold a request only while it is worked on, never while it is read or its answer is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """So many daemon threads, one queue."""

    def __init__(self, size: int, work: Callable[[T], None]) -> None:
        """work: never raises."""
        self._work = work
        self._queue: SimpleQueue[T] = SimpleQueue()
        for number in range(size):
            threading.Thread(target=self._run, name=f"request-{number}", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Requests that no thread has taken yet."""
        return self._queue.qsize()

    def put(self, item: T) -> None:
        """For the next free thread."""
        self._queue.put(item)

    def _run(self) -> None:
        while True:
            self._work(self._queue.get())
