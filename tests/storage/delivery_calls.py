"""Calls of the store that deliver notices, for test_indexes.py: of both queues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from broker.domain.ids import new_id
from broker.storage.delivery import delivery_queue
from broker.storage.delivery.delivery_queue import DeliveryQueue
from broker.storage.oauth import logout_notices
from broker.storage.oauth.logout_notices import LeasedLogout
from broker.storage.operations import event_deliveries
from broker.storage.operations.event_deliveries import LeasedDelivery
from tests.clock import START

EVENT = LeasedDelivery(
    id="1", listener="webhook:crm", created_at=START, tries=0, event_id=new_id(), kind="guest.blocked", person_id=new_id(), content="{}"
)  # fmt: skip
LOGOUT = LeasedLogout(id="1", listener="payroll", created_at=START, tries=0, sid=new_id(), sub="sub")
BOTH: tuple[tuple[DeliveryQueue[Any], Any], ...] = ((event_deliveries.QUEUE, EVENT), (logout_notices.QUEUE, LOGOUT))


def of_both(act: Callable[[Connection, DeliveryQueue[Any], Any], object]) -> Callable[[Connection], object]:
    """The call, once for each queue."""
    return lambda tx: [act(tx, queue, notice) for queue, notice in BOTH]


DELIVERY_CALLS: dict[str, Callable[[Connection], object]] = {
    f"delivery.delivery_queue.{name}": of_both(act)
    for name, act in {
        "is_due": lambda tx, queue, _: delivery_queue.is_due(tx, queue, START),
        "drop_of_others": lambda tx, queue, notice: delivery_queue.drop_of_others(tx, queue, {notice.listener}),
        "hold_back": lambda tx, queue, _: delivery_queue.hold_back(tx, queue, START),
        "lease": lambda tx, queue, _: delivery_queue.lease(tx, queue, holder="h", now=START, until=START + 300, limit=10),
        "sent": lambda tx, queue, notice: delivery_queue.sent(tx, queue, notice, "h", START),
        "given_up": lambda tx, queue, notice: delivery_queue.given_up(tx, queue, notice, "h", START, "no"),
        "later": lambda tx, queue, notice: delivery_queue.later(tx, queue, notice, "h", START, "no"),
        "let_go": lambda tx, queue, notice: delivery_queue.let_go(tx, queue, [notice], "h"),
        "silences": lambda tx, queue, _: delivery_queue.silences(tx, queue),
        "rest": lambda tx, queue, notice: delivery_queue.rest(tx, queue, notice.listener, 1, START + 10),
        "end_rest": lambda tx, queue, notice: delivery_queue.end_rest(tx, queue, notice.listener),
        "counts": lambda tx, queue, notice: delivery_queue.counts(tx, queue, notice.listener, START),
        "purge": lambda tx, queue, _: delivery_queue.purge(tx, START, queue=queue),
    }.items()
}
