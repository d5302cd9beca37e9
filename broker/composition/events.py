"""Constructs the services that notify others of guest events."""

from __future__ import annotations

from dataclasses import dataclass

from broker.composition.partners import PartnerServices
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.events.deliveries import EventDeliveries
from broker.services.events.subscriptions import Subscriptions
from broker.services.events.webhooks import WebhookListener, Webhooks
from broker.services.rate_limits import RateLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class EventServices:
    """Who listens, and how notices reach them."""

    deliveries: EventDeliveries
    subscriptions: Subscriptions
    webhooks: Webhooks


def wire_events(core: Core, sealer: Sealer, rate_limits: RateLimits, partners: PartnerServices) -> EventServices:
    """partners: its outbound clients also call those who listen."""

    def webhooks(_tx: object) -> list[WebhookListener]:
        return [WebhookListener(one) for one in core.settings().broker.webhooks]

    subscriptions = Subscriptions(core, sealer, rate_limits, partners.outbound_clients)
    return EventServices(
        deliveries=EventDeliveries(core, partners.outbound_clients, (webhooks, subscriptions.listeners)),
        subscriptions=subscriptions,
        webhooks=Webhooks(core, partners.outbound_clients),
    )
