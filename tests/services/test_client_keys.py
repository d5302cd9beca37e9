"""Key sets of applications at a jwks_uri: fetched once for all, renewed for an unknown key, the last good copy on failure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from broker.domain.errors import OAuthError
from broker.jose.keys import generate
from broker.provider.application import ApplicationView
from broker.services.access.applications import Applications
from broker.services.core import Core
from broker.services.oauth import fetched_documents as module
from broker.services.oauth.client_jwks import ClientKeys, _source
from broker.services.oauth.fetched_documents import PAUSE
from broker.services.partners.outbound_clients import OutboundClients
from broker.storage.partners import documents
from tests.clock import Clock
from tests.connectors.provider import Answer, Request, Server, as_json
from tests.core import MakeCore
from tests.race import race
from tests.services.waiting import until_calls


@dataclass
class KeySet:
    """The key set of an application. waiting: so many calls of `http` must be under way before it answers."""

    server: Server = field(default_factory=Server)
    keys: list[Any] = field(default_factory=lambda: [generate("ES256", "first").public_jwk()])
    asked: int = 0
    is_down: bool = False
    http: list[OutboundClients] = field(default_factory=list)
    waiting: int = 0

    def answer(self, _request: Request) -> Answer:
        """The keys of this moment."""
        self.asked += 1
        until_calls(self.http, self.waiting)
        return (503, {}, b"") if self.is_down else as_json({"keys": self.keys})


@pytest.fixture
def key_set() -> Iterator[KeySet]:
    """A server with one key."""
    found = KeySet()
    found.server.routes["/jwks"] = found.answer
    yield found
    found.server.close()


def changes(key_set: KeySet, path: str = "/jwks") -> dict[str, Any]:
    """The application's file."""
    uri = f"http://127.0.0.1:{key_set.server.port}{path}"
    return {"applications/keyed": {"name": "Keyed", "jwks_uri": uri, "redirect_uris": ["https://x.example/cb"]}}


@pytest.fixture
def company(make_core: MakeCore, database_url: str, key_set: KeySet) -> Core:
    """Contoso with that application, on each database."""
    return make_core(database_url, changes(key_set))


@pytest.fixture
def nodes(make_core: MakeCore, database_url: str, key_set: KeySet, company: Core) -> Iterator[list[ClientKeys]]:
    """Two nodes on one database."""
    cores = [company, make_core(database_url, changes(key_set))]
    key_set.http = [OutboundClients(core.settings, None) for core in cores]
    yield [ClientKeys(core, http) for core, http in zip(cores, key_set.http, strict=True)]
    for clients in key_set.http:
        for client in clients._held.values():
            client.close()


def keyed(core: Core) -> ApplicationView:
    """The application."""
    view = Applications(core.settings).view("keyed")
    assert view is not None
    return view


def test_the_first_requests_of_an_application_wait_for_one_fetch(company: Core, key_set: KeySet, nodes: list[ClientKeys]) -> None:
    """HO-6, HP-22: requests that come together are not refused because the first of them is fetching."""
    key_set.waiting = 10
    view = keyed(company)
    assert race(lambda number: len(nodes[number % 2].of(view, False)), 10) == [1] * 10
    assert key_set.asked == 1


def test_a_new_key_is_had_by_all(company: Core, key_set: KeySet, nodes: list[ClientKeys], clock: Clock) -> None:
    """One refresh an interval, however many assertions name an unknown key; an invented one keeps nobody waiting."""
    view = keyed(company)
    nodes[0].of(view, False)
    key_set.keys.append(generate("ES256", "second").public_jwk())
    clock.advance(2 * PAUSE)
    key_set.asked, key_set.waiting = 0, 10
    assert race(lambda number: len(nodes[number % 2].of(view, True)), 10) == [2] * 10
    before = time.monotonic()
    for node in nodes * 3:
        node.of(view, True)
    assert time.monotonic() - before < 3
    assert key_set.asked == 1


def test_a_key_set_that_cannot_be_had(
    company: Core, make_core: MakeCore, database_url: str, key_set: KeySet, nodes: list[ClientKeys], clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Without a copy invalid_client, at once; with one, that serves."""
    view = keyed(company)
    key_set.is_down = True
    for _ in range(2):
        with pytest.raises(OAuthError) as refusal:
            nodes[0].of(view, False)
        assert (refusal.value.error, refusal.value.reason) == ("invalid_client", "client_jwks_unavailable")
    key_set.is_down = False
    clock.advance(PAUSE)
    assert len(nodes[1].of(view, False)) == 1
    key_set.is_down = True
    clock.advance(PAUSE)
    assert len(nodes[0].of(view, True)) == 1
    monkeypatch.setattr(module, "WAIT", 0.2)
    moved = keyed(make_core(database_url, changes(key_set, "/other")))
    with company.db.write() as tx:
        documents.claim(tx, "keyed", "client_jwks", moved.jwks_uri or "", now=clock(), pause=PAUSE)
    with pytest.raises(OAuthError):  # another node took it on, and never came back
        nodes[0].of(moved, False)


def test_another_address_takes_over(company: Core, nodes: list[ClientKeys]) -> None:
    """A row of an address that the file no longer names is nobody's copy."""
    node, view = nodes[0], keyed(company)
    node.of(view, False)
    assert node._documents._settled(_source("keyed", "https://elsewhere.example/jwks")) is None
    assert node._documents._settled(_source("nobody", "https://elsewhere.example/jwks")) is None
