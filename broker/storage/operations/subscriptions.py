"""Subscriptions of applications: a row each, until it is removed or its time is over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from broker.domain.guest_event import UserChange
from broker.domain.subscription import Subscription
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import subscriptions

_C = subscriptions.c


def add(tx: Connection, wanted: Subscription) -> None:
    """Insert a subscription."""
    row = {
        "id": wanted.id,
        "application": wanted.application,
        "resource": wanted.resource,
        "change_types": wanted.change_types,
        "notification_url": wanted.notification_url,
        "lifecycle_url": wanted.lifecycle_url,
        "client_state": wanted.client_state,
        "created_at": wanted.created_at,
        "expires_at": wanted.expires_at,
    }
    tx.execute(insert(subscriptions), row)


def count(tx: Connection, application: str, now: int) -> int:
    """How many live subscriptions an application has."""
    which = (_C.application == application, _C.expires_at > now)
    return int(tx.execute(select(func.count()).select_from(subscriptions).where(*which)).scalar_one())


def of_application(tx: Connection, application: str, now: int) -> list[Subscription]:
    """The live subscriptions of an application, oldest first; their number is limited."""
    statement = select(subscriptions).where(_C.application == application, _C.expires_at > now)
    return [_subscription(row) for row in tx.execute(statement.order_by(_C.created_at, _C.id))]


def one(tx: Connection, subscription_id: str, application: str, now: int) -> Subscription | None:
    """A live subscription of an application; None for one of another application, too."""
    which = (_C.id == subscription_id, _C.application == application, _C.expires_at > now)
    row = tx.execute(select(subscriptions).where(*which)).one_or_none()
    return None if row is None else _subscription(row)


def live(tx: Connection, now: int) -> list[Subscription]:
    """The live subscriptions of all applications."""
    return [_subscription(row) for row in tx.execute(select(subscriptions).where(_C.expires_at > now).order_by(_C.expires_at))]


def renew(tx: Connection, subscription_id: str, application: str, now: int, expires_at: int) -> bool:
    """Move the end of a live subscription. False if there is none."""
    which = (_C.id == subscription_id, _C.application == application, _C.expires_at > now)
    return tx.execute(update(subscriptions).where(*which).values(expires_at=expires_at)).rowcount == 1


def remove(tx: Connection, subscription_id: str, application: str, now: int) -> bool:
    """Remove a live subscription. False if there is none."""
    which = (_C.id == subscription_id, _C.application == application, _C.expires_at > now)
    return tx.execute(delete(subscriptions).where(*which)).rowcount == 1


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget subscriptions whose time was over before a time."""
    return delete_some(tx, subscriptions, _C.expires_at < before, _C.expires_at, limit)


def _subscription(row: Any) -> Subscription:
    values = dict(row._mapping)
    changes = frozenset(map(UserChange, values.pop("change_types").split(",")))
    return Subscription(**values, changes=changes)
