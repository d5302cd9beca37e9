"""Webhooks of broker.yaml: what they receive (Standard Webhooks 1.0), how that goes, and a replay from the audit (EV-01 to EV-05)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.errors import NotFound
from broker.domain.guest import PersonKind
from broker.domain.guest_event import KINDS, HeardEvent, notice_of
from broker.domain.ids import new_id
from broker.domain.times import DAY, iso
from broker.services.core import Core
from broker.services.events.fan_out import deliveries_of
from broker.services.events.listener import Notification
from broker.services.events.signature import signature
from broker.settings.webhook_section import Webhook
from broker.storage.delivery import delivery_queue
from broker.storage.delivery.delivery_queue import DeliveryCounts
from broker.storage.history import audit_chain, event_queue
from broker.storage.operations import event_deliveries
from broker.storage.operations.event_deliveries import LeasedDelivery

GIVE_UP = 3 * DAY  # seconds
SHOWN_DAYS = 7
MAX_ANSWER = 16 * 1024  # bytes of an answer that nobody reads
TEST = "webhook.test"  # the type of a notice that tells of nothing
_PAGE = 500  # events of one transaction of a replay


@dataclass(frozen=True, slots=True)
class WebhookListener:
    """One entry of `webhooks`."""

    section: Webhook

    @property
    def name(self) -> str:
        """Of its rows."""
        return f"webhook:{self.section.id}"

    @property
    def give_up(self) -> int:
        """The same for all."""
        return GIVE_UP

    def kind_of(self, event: HeardEvent, person: PersonKind | None) -> str:
        """Events of guests only; a person who is deleted was one if they are not known as a member."""
        kind = KINDS.get(event.name)
        return kind.value if kind in self.section.events and person is not PersonKind.MEMBER else ""

    def content_of(self, event: HeardEvent) -> str:
        """The body, as it will be sent."""
        return json.dumps(notice_of(event), separators=(",", ":"))

    def notification(self, delivery: LeasedDelivery, now: int) -> Notification:
        """The id is that of the event: it stays the same in a repetition and in a replay, so that a receiver can see them."""
        return self.signed(delivery.event_id, delivery.content.encode(), now)

    def lost(self, _delivery: LeasedDelivery) -> str:
        """None: a replay brings it again."""
        return ""

    def signed(self, message_id: str, body: bytes, now: int) -> Notification:
        """A POST with the three headers of Standard Webhooks."""
        url = str(self.section.url)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self.section.secret.get_secret_value(), message_id, now, body),
        }
        return Notification(url=url, own=(url,), headers=headers, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """One webhook and its notices of the last days."""

    id: str
    url: str
    events: tuple[str, ...]
    counts: DeliveryCounts


class Webhooks:
    """The operator's view of the webhooks."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient]) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._http = http

    def listed(self) -> tuple[WebhookView, ...]:
        """Every webhook, in the order of the file."""
        since = self._clock() - SHOWN_DAYS * DAY
        with self._db.read() as tx:
            return tuple(
                WebhookView(
                    id=one.id,
                    url=str(one.url),
                    events=tuple(one.events),
                    counts=delivery_queue.counts(tx, event_deliveries.QUEUE, WebhookListener(one).name, since),
                )
                for one in self._settings().broker.webhooks
            )

    def test(self, webhook_id: str) -> str:
        """Sends a signed notice of type `webhook.test` now, past the queue; "" if it was accepted. An answer ends a rest. Raises NotFound."""
        found, now = self._named(webhook_id), self._clock()
        body = json.dumps({"type": TEST, "timestamp": iso(now), "data": {}}, separators=(",", ":")).encode()
        sent = found.signed(new_id(), body, now)
        try:
            answer = self._http(sent.own).post(sent.url, sent.body, headers=sent.headers, max_bytes=MAX_ANSWER)
        except HttpFailure as error:
            return f"{error.reason}: {error.detail}"
        with self._db.write() as tx:
            delivery_queue.end_rest(tx, event_deliveries.QUEUE, found.name)
        return "" if 200 <= answer.status < 300 else f"it answered {answer.status}"

    def replay(self, webhook_id: str, since: int) -> int:
        """Queues again the events of the audit from a time on that this webhook wants; how many. Raises NotFound.

        The bodies and ids are those of the first time: a receiver that has seen an id ignores it.
        """
        found, after, total = self._named(webhook_id), None, 0
        names = [name for name, kind in KINDS.items() if kind in found.section.events]
        until = self._clock()
        while True:
            with self._db.write() as tx:
                audit_chain.lock_anchor(tx)
                page = event_queue.since(tx, since, names, after=after, limit=_PAGE)
                wanted = deliveries_of(tx, page, [found])
                event_deliveries.add(tx, wanted, until)
            total += len(wanted)
            if len(page) < _PAGE:
                return total
            after = (page[-1].at, page[-1].id)

    def _named(self, webhook_id: str) -> WebhookListener:
        sections = self._settings().broker.webhooks
        for one in sections:
            if one.id == webhook_id:
                return WebhookListener(one)
        known = ", ".join(one.id for one in sections) or "none"
        raise NotFound(f"there is no webhook {webhook_id!r} in config/broker.yaml; webhooks: {known}", "webhook_unknown")
