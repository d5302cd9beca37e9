"""Brings events to those who listen: queued with the act, retried with an end, in the order of each person (EV-02 to EV-04)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from broker.connectors.outbound.client import HttpClient
from broker.domain.audit import Actor, Event
from broker.domain.times import HOUR, MINUTE
from broker.keyring.errors import SealError
from broker.services.core import Core
from broker.services.delivery.dispatcher import MAX_ANSWER, CallResult, Dispatcher
from broker.services.events.fan_out import deliveries_of
from broker.services.events.listener import Listener
from broker.services.history import audit
from broker.storage.engine import Connection
from broker.storage.history import audit_chain, event_queue
from broker.storage.operations import event_deliveries
from broker.storage.operations.event_deliveries import LeasedDelivery, NewDelivery

EVENTS = 500  # of one transaction
PAUSES = (5, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR)  # seconds before the next try; the last one again and again
_GONE = 410  # Standard Webhooks, "Responding to webhooks": the receiver wants no more

Sources = Sequence[Callable[[Connection], Sequence[Listener]]]


class EventDeliveries:
    """Notices of events to webhooks and subscriptions."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient], sources: Sources) -> None:
        """http: gives the client for a listener's own addresses (HO-16). sources: give the listeners of this moment."""
        self._dispatcher = Dispatcher(core.db, core.clock, event_deliveries.QUEUE, PAUSES, self)
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
        return self._dispatcher.look()

    def fan_out(self) -> int:
        """Turn the queue into a notice for each listener that wants one; how many. Nodes take turns, so the order stays."""
        total = 0
        while True:
            with self._db.write() as tx:
                audit_chain.lock_anchor(tx)
                events = event_queue.take(tx, EVENTS)
                wanted = deliveries_of(tx, events, list(self.listeners(tx).values()))
                event_deliveries.add(tx, wanted, self._clock())
            total += len(wanted)
            if len(events) < EVENTS:
                return total

    def listeners(self, tx: Connection) -> Mapping[str, Listener]:
        """Of all sources, by name."""
        return {listener.name: listener for source in self._sources for listener in source(tx)}

    def call(self, listener: Listener, notice: LeasedDelivery) -> CallResult:
        """Sends one notice. Raises HttpFailure."""
        try:
            sent = listener.notification(notice, self._clock())
        except SealError as error:  # a root key is missing: other listeners do not wait for it
            return CallResult(error.reason)
        answer = self._http(sent.own).post(sent.url, sent.body, headers=sent.headers, max_bytes=MAX_ANSWER)
        if 200 <= answer.status < 300:
            return CallResult()
        return CallResult(f"it answered {answer.status}", gone=answer.status == _GONE)

    def give_up(self, listener: Listener) -> int:
        """Seconds, as the kind of listener says."""
        return listener.give_up

    def report(self, tx: Connection, listener: Listener, notice: LeasedDelivery, problem: str, now: int) -> None:
        """Records it, and queues one notice of the loss at a time; that concerns nobody in particular, so it has no person."""
        data = {"event": notice.event_id, "kind": notice.kind, "problem": problem}
        event = Event(
            name="event.not_delivered", actor=Actor.system(), subject=notice.person_id, target=notice.listener, data=data
        )
        audit.record(tx, event, now)
        kind = listener.lost(notice)
        if kind and not event_deliveries.waits_for(tx, listener.name, ""):
            audit_chain.lock_anchor(tx)
            lost = NewDelivery(listener=listener.name, event_id=notice.event_id, kind=kind, person_id="", content="")
            event_deliveries.add(tx, [lost], now)
