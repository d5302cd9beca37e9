"""Calls of the store that queue and deliver events, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.domain.guest_event import UserChange
from broker.domain.ids import new_id
from broker.domain.subscription import Subscription
from broker.storage.history import event_queue
from broker.storage.operations import event_deliveries, subscriptions
from broker.storage.operations.event_deliveries import LeasedDelivery, NewDelivery
from tests.clock import START

NOTICE = NewDelivery(listener="webhook:crm", event_id=new_id(), kind="guest.blocked", person_id=new_id(), content="{}")
LEASED = LeasedDelivery("1", NOTICE.listener, NOTICE.event_id, NOTICE.kind, NOTICE.person_id, "{}", START, 0)
WANTED = Subscription(
    id=new_id(), application="robot", resource="users", changes=frozenset(UserChange), notification_url="https://x.example/",
    lifecycle_url="", client_state="", created_at=START, expires_at=START + 3600,
)  # fmt: skip

EVENT_CALLS: dict[str, Callable[[Connection], object]] = {
    "history.event_queue.waits": event_queue.waits,
    "history.event_queue.take": lambda tx: event_queue.take(tx, 10),
    "history.event_queue.since": lambda tx: [
        event_queue.since(tx, START, ["guest.blocked"], after=after, limit=10) for after in (None, (START, "1"))
    ],
    "operations.event_deliveries.add": lambda tx: event_deliveries.add(tx, [NOTICE], START),
    "operations.event_deliveries.is_due": lambda tx: event_deliveries.is_due(tx, START),
    "operations.event_deliveries.drop_of_others": lambda tx: event_deliveries.drop_of_others(tx, {"webhook:crm"}),
    "operations.event_deliveries.lease": lambda tx: event_deliveries.lease(
        tx, holder="h", now=START, until=START + 300, limit=10
    ),
    "operations.event_deliveries.sent": lambda tx: event_deliveries.sent(tx, "1", "h", START),
    "operations.event_deliveries.given_up": lambda tx: event_deliveries.given_up(tx, "1", "h", START, "no"),
    "operations.event_deliveries.later": lambda tx: event_deliveries.later(tx, LEASED, "h", START, "no"),
    "operations.event_deliveries.postpone": lambda tx: event_deliveries.postpone(tx, "webhook:crm", START, START + 60),
    "operations.event_deliveries.let_go": lambda tx: event_deliveries.let_go(tx, ["1"], "h"),
    "operations.event_deliveries.counts": lambda tx: event_deliveries.counts(tx, "webhook:crm", START),
    "operations.event_deliveries.waits_for": lambda tx: event_deliveries.waits_for(tx, "webhook:crm", "1"),
    "operations.subscriptions.add": lambda tx: subscriptions.add(tx, WANTED),
    "operations.subscriptions.count": lambda tx: subscriptions.count(tx, "robot", START),
    "operations.subscriptions.of_application": lambda tx: subscriptions.of_application(tx, "robot", START),
    "operations.subscriptions.one": lambda tx: subscriptions.one(tx, WANTED.id, "robot", START),
    "operations.subscriptions.live": lambda tx: subscriptions.live(tx, START),
    "operations.subscriptions.renew": lambda tx: subscriptions.renew(tx, WANTED.id, "robot", START, START + 7200),
    "operations.subscriptions.remove": lambda tx: subscriptions.remove(tx, WANTED.id, "robot", START),
    "operations.subscriptions.purge": lambda tx: subscriptions.purge(tx, START),
    "operations.event_deliveries.purge": lambda tx: event_deliveries.purge(tx, START),
}
