"""Brings events to those who listen: queued with the act, retried with an end, in the order of each person (EV-02 to EV-04)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.audit import Actor, Event
from broker.domain.ids import new_id
from broker.domain.times import HOUR, MINUTE
from broker.keyring.errors import SealError
from broker.services.core import Core
from broker.services.events.fan_out import deliveries_of
from broker.services.events.listener import Listener
from broker.services.history import audit
from broker.storage.engine import Connection
from broker.storage.history import audit_chain, event_queue
from broker.storage.operations import event_deliveries
from broker.storage.operations.event_deliveries import LeasedDelivery, NewDelivery

LEASE = 300  # seconds that a node may take for a batch; after a crash another node sends the rest
MARGIN = 30  # seconds before the end of its lease that a node begins no further call
PATIENCE = 10  # seconds that one listener may hold up a batch
EVENTS = 500  # of one transaction
BATCH, AT_ONCE = 100, 8
PAUSES = (5, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR)  # seconds before the next try; the last one again and again
MAX_ANSWER = 16 * 1024  # bytes of an answer that nobody reads
_GONE = 410  # Standard Webhooks, "Responding to webhooks": the receiver wants no more

Sources = Sequence[Callable[[Connection], Sequence[Listener]]]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Notices that this holder alone may send until a time."""

    deliveries: Sequence[LeasedDelivery]
    holder: str
    until: int

    def of_each(self) -> Iterator[list[LeasedDelivery]]:
        """The notices of one listener after the other."""
        for listener in dict.fromkeys(one.listener for one in self.deliveries):
            yield [one for one in self.deliveries if one.listener == listener]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one call. problem: "" if it was accepted. silent: no answer came. gone: the listener wants no more."""

    problem: str = ""
    silent: bool = False
    gone: bool = False


class EventDeliveries:
    """Every process asks; a lease decides who sends. A listener that is gone loses what waits for it."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient], sources: Sources) -> None:
        """http: gives the client for a listener's own addresses (HO-16). sources: give the listeners of this moment."""
        self._db = core.db
        self._clock = core.clock
        self._http = http
        self._sources = sources

    def look(self) -> int:
        """Fan out and send if anything waits; two reading statements if not. How many notices were accepted."""
        with self._db.read() as tx:
            fresh = event_queue.waits(tx)
        if fresh:
            self.fan_out()
        with self._db.read() as tx:
            due = event_deliveries.is_due(tx, self._clock())
        return self.deliver() if due else 0

    def fan_out(self) -> int:
        """Turn the queue into a notice for each listener that wants one; how many. Nodes take turns, so the order stays."""
        total = 0
        while True:
            with self._db.write() as tx:
                audit_chain.lock_anchor(tx)
                events = event_queue.take(tx, EVENTS)
                wanted = deliveries_of(tx, events, self._listeners(tx))
                event_deliveries.add(tx, wanted, self._clock())
            total += len(wanted)
            if len(events) < EVENTS:
                return total

    def deliver(self, *, limit: int = 1000) -> int:
        """Send what is due, at most `limit`, to several listeners at once; how many were accepted."""
        with self._db.write() as tx:
            listeners = {one.name: one for one in self._listeners(tx)}
            event_deliveries.drop_of_others(tx, listeners)
        done = accepted = 0
        while done < limit:
            batch = self._lease(min(BATCH, limit - done))
            if not batch.deliveries:
                break
            groups = list(batch.of_each())
            with ThreadPoolExecutor(min(AT_ONCE, len(groups)), thread_name_prefix="events") as pool:
                accepted += sum(pool.map(partial(self._to_one, batch, listeners), groups))
            done += len(batch.deliveries)
        return accepted

    # --- parts

    def _listeners(self, tx: Connection) -> list[Listener]:
        return [listener for source in self._sources for listener in source(tx)]

    def _lease(self, limit: int) -> _Batch:
        now, holder = self._clock(), new_id()
        with self._db.write() as tx:
            found = event_deliveries.lease(tx, holder=holder, now=now, until=now + LEASE, limit=limit)
        return _Batch(found, holder, now + LEASE)

    def _to_one(self, batch: _Batch, listeners: Mapping[str, Listener], deliveries: Sequence[LeasedDelivery]) -> int:
        """One listener's notices, one after the other. One that does not answer is called once, and then later."""
        accepted, began = 0, self._clock()
        for position, delivery in enumerate(deliveries):
            now = self._clock()
            listener = listeners.get(delivery.listener)
            if listener is None or now >= min(batch.until - MARGIN, began + PATIENCE):
                self._let_go(batch, deliveries[position:])
                break
            outcome = self._send(listener, delivery)
            self._note(listener, delivery, batch.holder, outcome)
            accepted += not outcome.problem
            if outcome.silent:
                self._let_go(batch, deliveries[position + 1 :])
                self._postpone(delivery)
                break
        return accepted

    def _send(self, listener: Listener, delivery: LeasedDelivery) -> _Outcome:
        try:
            sent = listener.notification(delivery, self._clock())
            answer = self._http(sent.own).post(sent.url, sent.body, headers=sent.headers, max_bytes=MAX_ANSWER)
        except SealError as error:  # a root key is missing: other listeners do not wait for it
            return _Outcome(error.reason)
        except HttpFailure as error:
            return _Outcome(f"{error.reason}: {error.detail}"[:256], silent=True)
        if 200 <= answer.status < 300:
            return _Outcome()
        return _Outcome(f"it answered {answer.status}", gone=answer.status == _GONE)

    def _note(self, listener: Listener, delivery: LeasedDelivery, holder: str, outcome: _Outcome) -> None:
        now = self._clock()
        with self._db.write() as tx:
            if not outcome.problem:
                event_deliveries.sent(tx, delivery.id, holder, now)
            elif now < delivery.created_at + listener.give_up and not outcome.gone:
                event_deliveries.later(tx, delivery, holder, now + _pause(delivery), outcome.problem)
            elif event_deliveries.given_up(tx, delivery.id, holder, now, outcome.problem):
                data = {"event": delivery.event_id, "kind": delivery.kind, "problem": outcome.problem}
                event = Event(
                    name="event.not_delivered",
                    actor=Actor.system(),
                    subject=delivery.person_id,
                    target=delivery.listener,
                    data=data,
                )
                audit.record(tx, event, now)
                self._report_lost(tx, listener, delivery, now)

    @staticmethod
    def _report_lost(tx: Connection, listener: Listener, delivery: LeasedDelivery, now: int) -> None:
        """One such notice at a time; it concerns nobody in particular, so it has no person."""
        kind = listener.lost(delivery)
        if kind and not event_deliveries.waits_for(tx, listener.name, ""):
            audit_chain.lock_anchor(tx)
            lost = NewDelivery(listener=listener.name, event_id=delivery.event_id, kind=kind, person_id="", content="")
            event_deliveries.add(tx, [lost], now)

    def _postpone(self, delivery: LeasedDelivery) -> None:
        now = self._clock()
        with self._db.write() as tx:
            event_deliveries.postpone(tx, delivery.listener, now, now + _pause(delivery))

    def _let_go(self, batch: _Batch, rest: Sequence[LeasedDelivery]) -> None:
        with self._db.write() as tx:
            event_deliveries.let_go(tx, [one.id for one in rest], batch.holder)


def _pause(delivery: LeasedDelivery) -> int:
    return PAUSES[min(delivery.tries, len(PAUSES) - 1)]
