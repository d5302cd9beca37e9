"""Sends waiting notices to those who listen: leased by one node, retried with an end, without a call to a listener that rests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from broker.connectors.outbound.client import HttpFailure
from broker.domain.ids import new_id
from broker.domain.times import MINUTE, Clock
from broker.storage.delivery import delivery_queue
from broker.storage.delivery.delivery_queue import DeliveryQueue, LeasedNotice
from broker.storage.engine import Connection, Database

LEASE = 300  # seconds that a node may take for a batch; after a crash another node sends the rest
MARGIN = 30  # seconds before the end of its lease that a node begins no further call
PATIENCE = 10  # seconds that one listener may hold up a batch
BATCH, AT_ONCE = 100, 8
MOST = 1000  # notices of one look
LONGEST_REST = 15 * MINUTE  # seconds; one that answers again soon gets all that waits
MAX_ANSWER = 16 * 1024  # bytes of an answer that nobody reads

N = TypeVar("N", bound=LeasedNotice)
N_contra = TypeVar("N_contra", bound=LeasedNotice, contravariant=True)
L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a listener answered. problem: "" if it accepted the notice. gone: it wants no more."""

    problem: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class _Batch(Generic[N, L]):
    """Notices that this holder alone may send until a time. silences: of each listener that did not answer the last call."""

    notices: Sequence[N]
    holder: str
    until: int
    listeners: Mapping[str, L]
    silences: Mapping[str, int]

    def of_each(self) -> Iterator[list[N]]:
        """The notices of one listener after the other."""
        for listener in dict.fromkeys(one.listener for one in self.notices):
            yield [one for one in self.notices if one.listener == listener]


class Sender(Protocol[N_contra, L]):
    """What one kind of notices adds."""

    def listeners(self, tx: Connection, /) -> Mapping[str, L]:
        """The listeners of this moment by the names of their rows."""

    def call(self, listener: L, notice: N_contra, /) -> CallResult:
        """Sends one notice. Raises HttpFailure if no answer came."""

    def give_up(self, listener: L, /) -> int:
        """Seconds after which a notice is tried no more."""

    def report(self, tx: Connection, listener: L, notice: N_contra, problem: str, now: int, /) -> None:
        """Records that a notice was given up."""


class Dispatcher(Generic[N, L]):
    """One kind of notices. Every process asks; a lease decides who sends. A listener that is gone loses what waits for it."""

    def __init__(self, db: Database, clock: Clock, queue: DeliveryQueue[N], pauses: Sequence[int], sender: Sender[N, L]) -> None:
        """pauses: seconds before the next try, and of a rest; the last one again and again."""
        self._db = db
        self._clock = clock
        self._queue = queue
        self._pauses = pauses
        self._sender = sender

    def look(self) -> int:
        """Send what is due, to several listeners at once; one reading statement if nothing is. How many notices were accepted."""
        with self._db.read() as tx:
            due = delivery_queue.is_due(tx, self._queue, self._clock())
        return self._deliver() if due else 0

    # --- parts

    def _deliver(self) -> int:
        with self._db.write() as tx:
            listeners = self._sender.listeners(tx)
            delivery_queue.drop_of_others(tx, self._queue, listeners)
            silences = delivery_queue.silences(tx, self._queue)
            if silences:
                delivery_queue.hold_back(tx, self._queue, self._clock())
        done = accepted = 0
        while done < MOST:
            now, holder = self._clock(), new_id()
            most = min(BATCH, MOST - done)
            with self._db.write() as tx:
                found = delivery_queue.lease(tx, self._queue, holder=holder, now=now, until=now + LEASE, limit=most)
            if not found:
                break
            batch = _Batch(found, holder, now + LEASE, listeners, silences)
            groups = list(batch.of_each())
            with ThreadPoolExecutor(min(AT_ONCE, len(groups)), thread_name_prefix=self._queue.name) as pool:
                accepted += sum(pool.map(partial(self._to_one, batch), groups))
            done += len(found)
        return accepted

    def _to_one(self, batch: _Batch[N, L], notices: Sequence[N]) -> int:
        """One listener's notices, one after the other. One that does not answer is called once, and then rests."""
        accepted, began = 0, self._clock()
        listener = batch.listeners.get(notices[0].listener)
        for position, notice in enumerate(notices):
            if listener is None or self._clock() >= min(batch.until - MARGIN, began + PATIENCE):
                with self._db.write() as tx:
                    delivery_queue.let_go(tx, self._queue, notices[position:], batch.holder)
                break
            try:
                outcome = self._sender.call(listener, notice)
            except HttpFailure as error:
                self._rest(batch, listener, notices[position:], f"{error.reason}: {error.detail}"[:256])
                break
            now = self._clock()
            with self._db.write() as tx:
                self._note(tx, batch, listener, notice, outcome, now + self._pause(notice.tries), now)
                if not position and notice.listener in batch.silences:
                    delivery_queue.end_rest(tx, self._queue, notice.listener)
            accepted += not outcome.problem
        return accepted

    def _rest(self, batch: _Batch[N, L], listener: L, notices: Sequence[N], problem: str) -> None:
        """The silence of one call counts for all notices of the batch."""
        now, name = self._clock(), notices[0].listener
        before = batch.silences.get(name, 0)
        until = now + min(self._pause(before), LONGEST_REST)
        with self._db.write() as tx:
            delivery_queue.rest(tx, self._queue, name, before + 1, until)
            for notice in notices:
                self._note(tx, batch, listener, notice, CallResult(problem), until, now)

    def _note(
        self, tx: Connection, batch: _Batch[N, L], listener: L, notice: N, outcome: CallResult, next_try_at: int, now: int
    ) -> None:
        if not outcome.problem:
            delivery_queue.sent(tx, self._queue, notice, batch.holder, now)
        elif now < notice.created_at + self._sender.give_up(listener) and not outcome.gone:
            delivery_queue.later(tx, self._queue, notice, batch.holder, next_try_at, outcome.problem)
        elif delivery_queue.given_up(tx, self._queue, notice, batch.holder, now, outcome.problem):
            self._sender.report(tx, listener, notice, outcome.problem, now)

    def _pause(self, tries: int) -> int:
        return self._pauses[min(tries, len(self._pauses) - 1)]
