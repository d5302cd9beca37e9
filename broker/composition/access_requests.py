"""Constructs the service of access requests."""

from __future__ import annotations

from broker.services.access_requests.requests import AccessRequests
from broker.services.core import Core
from broker.services.messages.outbox import Outbox


def wire_access_requests(core: Core, outbox: Outbox) -> AccessRequests:
    """People ask for an application; owners answer."""
    return AccessRequests(core, outbox)
