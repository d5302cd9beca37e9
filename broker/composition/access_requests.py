"""Constructs the service of access requests."""

from __future__ import annotations

from broker.domain.guest import Person
from broker.services.access_requests.requests import AccessRequests
from broker.services.core import Core
from broker.services.guests import transitions
from broker.services.messages.outbox import Outbox
from broker.storage.engine import Connection


def wire_access_requests(core: Core, outbox: Outbox) -> AccessRequests:
    """People ask for an application; owners answer."""

    def admit(tx: Connection, person: Person, sponsor: str | None, now: int) -> Person:
        return transitions.admit(tx, person, sponsor, now, transitions.rules_of(core.settings()))

    return AccessRequests(core, outbox, admit)
