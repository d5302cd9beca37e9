"""A listener: who is notified of events, where, and in which form. Each kind of listener has a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from broker.domain.guest import PersonKind
from broker.domain.guest_event import HeardEvent
from broker.storage.operations.event_deliveries import LeasedDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One POST. own: the configured addresses of the listener, which may be private where the network's list says so (HO-16)."""

    url: str
    own: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes


class Listener(Protocol):
    """Who is notified. name: of its rows. give_up: seconds after which a notice is tried no more."""

    @property
    def name(self) -> str:
        """Unique among all listeners."""

    @property
    def give_up(self) -> int:
        """Seconds from the event on."""

    def kind_of(self, event: HeardEvent, person: PersonKind | None, /) -> str:
        """The kind of the notice, "" if the listener does not want it. person: None if they are not in the directory."""

    def content_of(self, event: HeardEvent, /) -> str:
        """What is stored until delivery."""

    def notification(self, delivery: LeasedDelivery, now: int, /) -> Notification:
        """What is sent."""

    def lost(self, delivery: LeasedDelivery, /) -> str:
        """The kind of the notice that this one was given up; "" if the listener gets none."""
