"""A receiver of webhooks on loopback, and a World that notifies it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.connectors.provider import Answer, Request, Server
from tests.journeys.world import World

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVERY = (
    "guest.invited", "guest.invitation_delivered", "guest.invitation_bounced", "guest.redeemed", "guest.blocked", "guest.expired",
    "guest.deleted", "guest.sign_in_refused", "guest.access_requested",
)  # fmt: skip


@dataclass
class Receiver:
    """An endpoint that answers with `status`, or with the status that `refuse` has for a type."""

    server: Server = field(default_factory=Server)
    heard: list[Request] = field(default_factory=list)
    status: int = 200
    refuse: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def listen(self, request: Request) -> Answer:
        """Take a notice."""
        self.heard.append(request)
        return self.refuse.get(json.loads(request.body)["type"], self.status), self.headers, b""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.port}/events"

    @property
    def types(self) -> list[str]:
        """The types that arrived, in their order."""
        return [body_of(one)["type"] for one in self.heard]

    def of(self, kind: str) -> dict[str, Any]:
        """The only notice of a type."""
        (found,) = [body_of(one) for one in self.heard if body_of(one)["type"] == kind]
        return found


def body_of(request: Request) -> dict[str, Any]:
    """A notice whose signature is verified as the specification says, by hand."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert request.headers["content-type"] == "application/json"
    found: dict[str, Any] = json.loads(request.body)
    return found


@contextmanager
def receiver() -> Iterator[Receiver]:
    """An endpoint that answers 200."""
    found = Receiver()
    found.server.routes["/events"] = found.listen
    try:
        yield found
    finally:
        found.server.close()


def hearing(world: World, url: str, *events: str, name: str = "crm") -> World:
    """One webhook in the file, for these events or all."""
    path = world.home / "config" / "broker.yaml"
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("webhooks:")]
    entry = {"id": name, "url": url, "secret": SECRET, "events": list(events or EVERY)}
    world.write("broker.yaml", "\n".join([*lines, f"webhooks: {json.dumps([entry])}", ""]))
    return world


def look(world: World) -> int:
    """What the background thread does each second."""
    return world.broker.events.deliveries.look()
