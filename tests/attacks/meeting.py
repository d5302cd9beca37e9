"""Two transactions that meet on PostgreSQL: one stands still right after it has judged, the other comes, then both go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import event, text

from broker.storage.engine import Database

LONG = 20  # seconds: a test that takes longer has found a deadlock
_WAITERS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


class Meeting:
    """The first to read a row of `people` within a transaction stops there until it is let go."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._stands, self._go = threading.Event(), threading.Event()
        self._first = threading.Lock()

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said = " ".join(statement.split())
        if not said.startswith("SELECT") or "people" not in said.partition(" FROM ")[2]:
            return
        if self._first.acquire(blocking=False):
            self._stands.set()
            self._go.wait(LONG)

    def play(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        """What each returned or raised. `first` has judged when `second` begins; it goes on when `second` is done or waits for it."""
        event.listen(self._db.writer, "after_cursor_execute", self._note)
        try:
            with ThreadPoolExecutor(2) as pool:
                one = pool.submit(first)
                try:
                    if not self._stands.wait(LONG):
                        raise AssertionError("the first one judged nobody")
                    two = pool.submit(second)
                    self._until_settled(two)
                finally:
                    self._go.set()
                return _outcome(one), _outcome(two)
        finally:
            event.remove(self._db.writer, "after_cursor_execute", self._note)

    def _until_settled(self, second: Future[Any]) -> None:
        end = time.monotonic() + LONG
        while not second.done():
            with self._db.writer.connect() as tx:
                if tx.execute(_WAITERS).scalar_one():
                    return
            if time.monotonic() > end:
                raise AssertionError("the second one neither ends nor waits")
            time.sleep(0.005)


def _outcome(future: Future[Any]) -> Any:
    error = future.exception(LONG)
    return future.result() if error is None else error
