"""Constructs the services that notify others of guest events."""

from __future__ import annotations

from dataclasses import dataclass

from broker.composition.partners import PartnerServices
from broker.services.core import Core
from broker.services.events.deliveries import EventDeliveries
from broker.services.events.webhooks import WebhookListener, Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class EventServices:
    """Who listens, and how notices reach them."""

    deliveries: EventDeliveries
    webhooks: Webhooks


def wire_events(core: Core, partners: PartnerServices) -> EventServices:
    """partners: its outbound clients also call those who listen."""

    def webhooks(_tx: object) -> list[WebhookListener]:
        return [WebhookListener(one) for one in core.settings().broker.webhooks]

    return EventServices(
        deliveries=EventDeliveries(core, partners.outbound_clients, (webhooks,)),
        webhooks=Webhooks(core, partners.outbound_clients),
    )
