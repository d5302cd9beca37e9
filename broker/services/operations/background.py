"""What a serving process does between requests: it watches the files, reports that it lives, and keeps house in its turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue

from broker.services.events.deliveries import EventDeliveries
from broker.services.jobs.batches import JobBatches
from broker.services.messages.outbox import Outbox
from broker.services.oauth.logout_notices import LogoutNotices
from broker.services.operations.housekeeping import Housekeeping
from broker.services.operations.nodes import Nodes
from broker.services.operations.reload import Reload

WATCH, NOTE, KEEP_HOUSE, POST, JOBS = 2.0, 20.0, 30.0, 1.0, 1.0  # seconds
_BREATH = 0.02  # seconds between two batches of jobs, in which others get the one writer of SQLite
_PATIENCE = 10.0  # seconds for a thread to end
_SHARE = 50  # looking at the files takes at most one part of so many of a processor, however many partners there are

_log = logging.getLogger(__name__)


class Background:
    """Six daemon threads of one process. Started after a fork, never before."""

    def __init__(
        self,
        reload: Reload,
        nodes: Nodes,
        housekeeping: Housekeeping,
        outbox: Outbox,
        logout_notices: LogoutNotices,
        events: EventDeliveries,
        jobs: JobBatches,
        wake: SimpleQueue[None] | None = None,
        *,
        watch: Callable[[], object] = lambda: None,
    ) -> None:
        """wake: whatever is put there makes the files be looked at now; a signal handler may do so (it is reentrant).

        watch: what every process looks at, also one that does not keep house.
        """
        self._by_itself = watch
        self._reload = reload
        self._nodes = nodes
        self._housekeeping = housekeeping
        self._outbox = outbox
        self._logout_notices = logout_notices
        self._events = events
        self._jobs = jobs
        self._more = False  # whether the last look left rows to settle
        self._wake: SimpleQueue[None] = wake or SimpleQueue()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin. The threads end with the process, or by `stop`."""
        for work in (self._watch, self._keep_house, self._post, self._tell, self._notify, self._continue):
            thread = threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End after what is being done, and wait for it."""
        self._over.set()
        self._wake.put(None)
        for thread in self._threads:
            thread.join(_PATIENCE)

    def _watch(self) -> None:
        pause, noted = 0.0, float("-inf")
        while not self._over.is_set():
            woken = self._woken(pause)
            before = time.thread_time()  # of the processor: what others do on a busy machine makes no look rarer
            guarded("reload", partial(self._reload.look, at_once=woken))
            spent, now = time.thread_time() - before, time.monotonic()
            if woken or now - noted >= NOTE:
                guarded("nodes", self._nodes.note)
                noted = now
            pause = max(WATCH, spent * _SHARE)

    def _woken(self, seconds: float) -> bool:
        try:
            self._wake.get(timeout=seconds)
        except Empty:
            return False
        return True

    def _keep_house(self) -> None:
        while not self._over.wait(KEEP_HOUSE):
            guarded("watch", self._by_itself)
            guarded("maintain", self._housekeeping.turn)

    def _post(self) -> None:
        """Every process asks; the lease of each mail decides who sends it. Its own thread: a mail server may be slow.

        It looks by the clock alone. No request wakes it: the work on a guest's mail would slow that guest's next request down, and
        a stranger's would be faster (FA-19, LP-04).
        """
        while not self._over.wait(POST):
            guarded("mails", self._outbox.look)

    def _tell(self) -> None:
        """Tells applications of sign-outs. Its own thread: an application may be slow (UI-12)."""
        while not self._over.wait(POST):
            guarded("logouts", self._logout_notices.look)

    def _notify(self) -> None:
        """Brings events to those who listen. Its own thread: a receiver may be slow."""
        while not self._over.wait(POST):
            guarded("events", self._events.look)

    def _continue(self) -> None:
        """Every process asks; the lease of each job decides who works at it. Its own thread: a job can take an hour."""
        pause = JOBS
        while not self._over.wait(pause):
            self._more = False
            guarded("jobs", self._look_at_jobs)
            pause = _BREATH if self._more else JOBS

    def _look_at_jobs(self) -> None:
        self._more = self._jobs.look()


def guarded(name: str, work: Callable[[], object]) -> None:
    """One failure does not end the thread: the database may be away for a while."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
        _log.warning("background.failed what=%s error=%s", name, type(error).__name__)  # its text may hold values (LP-01)
