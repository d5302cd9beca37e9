"""Calls of the store that queue and deliver events and e-mails, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.domain.guest_event import UserChange
from broker.domain.ids import new_id
from broker.domain.subscription import Subscription
from broker.storage.history import event_queue
from broker.storage.operations import event_deliveries, figures, subscriptions
from broker.storage.operations.event_deliveries import NewDelivery
from tests.clock import START
from tests.storage.delivery_calls import DELIVERY_CALLS

NOTICE = NewDelivery(listener="webhook:crm", event_id=new_id(), kind="guest.blocked", person_id=new_id(), content="{}")
WANTED = Subscription(
    id=new_id(), application="robot", resource="users", changes=frozenset(UserChange), notification_url="https://x.example/",
    lifecycle_url="", client_state="", created_at=START, expires_at=START + 3600,
)  # fmt: skip

EVENT_CALLS: dict[str, Callable[[Connection], object]] = {
    **DELIVERY_CALLS,
    "history.event_queue.waits": event_queue.waits,
    "history.event_queue.take": lambda tx: event_queue.take(tx, 10),
    "history.event_queue.since": lambda tx: [
        event_queue.since(tx, START, ["guest.blocked"], after=after, limit=10) for after in (None, (START, "1"))
    ],
    "operations.figures.outbox_age": lambda tx: figures.outbox_age(tx, START),
    "operations.event_deliveries.add": lambda tx: event_deliveries.add(tx, [NOTICE], START),
    "operations.event_deliveries.waits_for": lambda tx: event_deliveries.waits_for(tx, "webhook:crm", "1"),
    "operations.subscriptions.add": lambda tx: subscriptions.add(tx, WANTED),
    "operations.subscriptions.count": lambda tx: subscriptions.count(tx, "robot", START),
    "operations.subscriptions.of_application": lambda tx: subscriptions.of_application(tx, "robot", START),
    "operations.subscriptions.one": lambda tx: subscriptions.one(tx, WANTED.id, "robot", START),
    "operations.subscriptions.live": lambda tx: subscriptions.live(tx, START),
    "operations.subscriptions.renew": lambda tx: subscriptions.renew(tx, WANTED.id, "robot", START, START + 7200),
    "operations.subscriptions.remove": lambda tx: subscriptions.remove(tx, WANTED.id, "robot", START),
    "operations.subscriptions.purge": lambda tx: subscriptions.purge(tx, START),
}
