"""From an event to the notices of those who want it. The caller holds the lock of the audit's anchor."""

from __future__ import annotations

from collections.abc import Sequence

from broker.domain.guest_event import HeardEvent
from broker.services.events.listener import Listener
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.operations.event_deliveries import NewDelivery


def deliveries_of(tx: Connection, events: Sequence[HeardEvent], listeners: Sequence[Listener]) -> list[NewDelivery]:
    """The notices of events, in their order."""
    if not events or not listeners:
        return []
    known = people.by_ids(tx, {one.subject for one in events})
    found: list[NewDelivery] = []
    for event in events:
        person = known.get(event.subject)
        for listener in listeners:
            kind = listener.kind_of(event, person.kind if person else None)
            if kind:
                content = listener.content_of(event)
                found.append(
                    NewDelivery(listener=listener.name, event_id=event.id, kind=kind, person_id=event.subject, content=content)
                )
    return found
