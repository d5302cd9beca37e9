"""A subscription as a listener: which changes it reports, and the change notification of Graph (graph changeNotification)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from broker.domain.guest import PersonKind
from broker.domain.guest_event import HeardEvent, user_change
from broker.domain.ids import file_id
from broker.domain.origin import origin_of
from broker.domain.subscription import Subscription
from broker.domain.times import HOUR, iso
from broker.keyring.seal import Sealer
from broker.services.authorization import Right, permitted
from broker.services.events.listener import Notification
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.operations.event_deliveries import LeasedDelivery

GIVE_UP = 4 * HOUR  # seconds, as at Graph
MISSED = "lifecycle.missed"  # the kind of the notice that others were given up
_PREFIX = "user."


@dataclass(frozen=True, slots=True)
class SubscriptionListener:
    """One live subscription of an application that may have it now."""

    subscription: Subscription
    issuer: str
    sealer: Sealer

    @property
    def name(self) -> str:
        """Of its rows."""
        return listener_name(self.subscription.id)

    @property
    def give_up(self) -> int:
        """The same for all."""
        return GIVE_UP

    def kind_of(self, event: HeardEvent, _person: PersonKind | None) -> str:
        """Changes of guests and members alike."""
        change = self.subscription.wants(event.subject, user_change(event))
        return f"{_PREFIX}{change}" if change is not None else ""

    def content_of(self, _event: HeardEvent) -> str:
        """Nothing: kind and person say it all."""
        return ""

    def lost(self, delivery: LeasedDelivery) -> str:
        """Graph's lifecycle event `missed`, where the subscription has an address for it."""
        return MISSED if self.subscription.lifecycle_url and delivery.kind != MISSED else ""

    def notification(self, delivery: LeasedDelivery, _now: int) -> Notification:
        """One change notification in a collection."""
        held = self.subscription
        found: dict[str, Any] = {
            "subscriptionId": held.id,
            "subscriptionExpirationDateTime": iso(held.expires_at),
            "clientState": opened(self.sealer, held),
            "tenantId": file_id(self.issuer, "tenant", ""),
        }
        if delivery.kind == MISSED:
            found["lifecycleEvent"] = "missed"
        else:
            path = f"Users/{delivery.person_id}"
            found |= {
                "id": delivery.event_id,
                "changeType": delivery.kind.removeprefix(_PREFIX),
                "resource": path,
                "resourceData": {"@odata.type": "#Microsoft.Graph.User", "@odata.id": path, "id": delivery.person_id},
            }
        url = held.lifecycle_url if delivery.kind == MISSED else held.notification_url
        body = json.dumps({"value": [found]}).encode()
        return Notification(url=url, own=(url,), headers={"Content-Type": "application/json"}, body=body)


def listener_name(subscription_id: str) -> str:
    """The name of a subscription's rows."""
    return f"subscription:{subscription_id}"


def may_listen(settings: Settings, subscription: Subscription) -> bool:
    """Whether the application's file permits this subscription now (EV-07): the permission, and the origins of its addresses."""
    file = settings.applications.get(subscription.application)
    urls = [one for one in (subscription.notification_url, subscription.lifecycle_url) if one]
    return file is not None and Right.SEE_GUESTS in permitted(file.api_permissions) and all(is_listed(file, url) for url in urls)


def is_listed(file: ApplicationFile, url: str) -> bool:
    """Whether an address has one of the origins of `notification_origins`."""
    origin = origin_of(url)
    return origin is not None and origin in {origin_of(one) for one in file.notification_origins}


def sealed(sealer: Sealer, subscription_id: str, client_state: str) -> str:
    """ClientState as the row has it: it is a secret that the application shares with us."""
    return sealer.seal(client_state.encode(), _purpose(subscription_id)) if client_state else ""


def opened(sealer: Sealer, subscription: Subscription) -> str | None:
    """ClientState in plain."""
    text = subscription.client_state
    return sealer.open(text, _purpose(subscription.id)).decode() if text else None


def _purpose(subscription_id: str) -> str:
    return f"subscription:{subscription_id}"
