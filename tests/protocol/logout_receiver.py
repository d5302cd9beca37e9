"""The back-channel endpoint of an application, for tests of logout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from broker.domain.audit import Actor
from broker.jose.keys import public_keys
from broker.jose.verify import VerifiedToken, verify
from broker.storage.tables import logout_notices as table
from tests.connectors.provider import Answer, Request, Server
from tests.protocol.stage import Signed, Stage

STAFF = Actor.command("tests")


@dataclass
class Ear:
    """The back-channel endpoint of an application."""

    server: Server = field(default_factory=Server)
    heard: list[Request] = field(default_factory=list)
    status: int = 200

    def listen(self, request: Request) -> Answer:
        """Take a token."""
        self.heard.append(request)
        return self.status, {}, b""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.port}/backchannel"


@pytest.fixture
def ear() -> Iterator[Ear]:
    """An endpoint that answers 200."""
    found = Ear()
    found.server.routes["/backchannel"] = found.listen
    yield found
    found.server.close()


def hearing(stage: Stage, url: str, name: str = "payroll", *, allow: bool = True) -> Stage:
    """The application has a `backchannel_logout_uri`, and the broker may reach loopback."""
    file = stage.home / "config" / "broker.yaml"
    if allow and "network" not in file.read_text():
        stage.write("broker.yaml", file.read_text() + "network: {allow_private_addresses: [127.0.0.0/8]}\n")
    file = stage.home / "config" / "applications" / f"{name}.yaml"
    stage.write(f"applications/{name}.yaml", f"{file.read_text()}backchannel_logout_uri: {url}\n")
    return stage


def told(stage: Stage, request: Request) -> VerifiedToken:
    """The logout token of a request, verified by the JWKS."""
    keys = public_keys(stage.get("/jwks").get_json())
    return verify(request.form["logout_token"], keys, {"RS256", "ES256"}, typ=("logout+jwt",))


def look(stage: Stage) -> int:
    """What the background thread does each second."""
    return stage.broker.oauth.logout_notices.look()


def states(stage: Stage) -> list[Any]:
    """The rows."""
    with stage.broker.core.db.read() as tx:
        return list(tx.execute(select(table)).mappings())


def sign_out(stage: Stage, who: Signed) -> None:
    """The person ends this session."""
    assert stage.broker.sessions.end(who.session.sid, Actor.person(who.person.id), "logout")
