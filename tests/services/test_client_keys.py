"""Key sets of applications at a jwks_uri: fetched once for all, renewed for an unknown key, the last good copy on failure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.app import Broker, build
from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.services.oauth import client_jwks as module
from broker.services.oauth.client_jwks import PAUSE, ClientKeys
from broker.storage.partners import documents
from tests.clock import Clock
from tests.journeys.world import SECRET, World, open_world
from tests.race import race
from tests.services.waiting import count_key_requests


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    """Contoso, with an application whose keys lie at northwind's key set: any server will do."""
    for world in open_world(tmp_path / "home", database_url, clock):
        issuer = world.partners["northwind"].issuer
        world.write("applications/keyed.yaml", f"name: Keyed\njwks_uri: {issuer}/jwks\nredirect_uris: [https://x.example/cb]\n")
        yield world


@pytest.fixture
def nodes(world: World) -> Iterator[tuple[ClientKeys, ClientKeys]]:
    """Two nodes on one database."""
    other = build(world.home, environ={"SECRET": SECRET}, clock=world.clock)
    yield of(world.broker), of(other)
    other.close()


def of(broker: Broker) -> ClientKeys:
    """The service of a node."""
    return ClientKeys(broker.core, broker.partners.outbound_clients)


def keyed(world: World) -> ApplicationView:
    """The application."""
    view = world.broker.access.applications.view("keyed")
    assert view is not None
    return view


def test_the_first_requests_of_an_application_wait_for_one_fetch(world: World, nodes: tuple[ClientKeys, ClientKeys]) -> None:
    """HO-6, HP-22: requests that come together are not refused because the first of them is fetching."""
    asked = count_key_requests(world.partners["northwind"], [node._http for node in nodes], waiting=10)
    view = keyed(world)
    assert race(lambda number: len(nodes[number % 2].of(view, False)), 10) == [1] * 10
    assert len(asked) == 1


def test_a_new_key_is_had_by_all(world: World, nodes: tuple[ClientKeys, ClientKeys]) -> None:
    """One refresh an interval, however many assertions name an unknown key; an invented one keeps nobody waiting."""
    view = keyed(world)
    nodes[0].of(view, False)
    world.partners["northwind"].rotate_key(keep=True)
    world.clock.advance(2 * PAUSE)
    asked = count_key_requests(world.partners["northwind"], [node._http for node in nodes], waiting=10)
    assert race(lambda number: len(nodes[number % 2].of(view, True)), 10) == [2] * 10
    before = time.monotonic()
    for node in nodes * 3:
        node.of(view, True)
    assert time.monotonic() - before < 3
    assert len(asked) == 1


def test_a_key_set_that_cannot_be_had(
    world: World, nodes: tuple[ClientKeys, ClientKeys], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a copy invalid_client, at once; with one, that serves."""
    view, provider = keyed(world), world.partners["northwind"]
    provider.fault = "down"
    for _ in range(2):
        with pytest.raises(OAuthError) as refusal:
            nodes[0].of(view, False)
        assert (refusal.value.error, refusal.value.reason) == ("invalid_client", "client_jwks_unavailable")
    provider.fault = "none"
    world.clock.advance(PAUSE)
    assert len(nodes[1].of(view, False)) == 1
    provider.fault = "down"
    world.clock.advance(PAUSE)
    assert len(nodes[0].of(view, True)) == 1
    monkeypatch.setattr(module, "WAIT", 0.2)
    world.write("applications/keyed.yaml", (world.home / "config/applications/keyed.yaml").read_text().replace("/jwks", "/other"))
    with world.broker.core.db.write() as tx:
        documents.claim(tx, "keyed", "client_jwks", keyed(world).jwks_uri or "", now=world.clock(), pause=PAUSE)
    with pytest.raises(OAuthError):  # another node took it on, and never came back
        nodes[0].of(keyed(world), False)


def test_another_address_takes_over(world: World, nodes: tuple[ClientKeys, ClientKeys]) -> None:
    """A row of an address that the file no longer names is nobody's copy."""
    node, view = nodes[0], keyed(world)
    node.of(view, False)
    assert node._settled("keyed", "https://elsewhere.example/jwks") is None
    assert node._settled("nobody", "https://elsewhere.example/jwks") is None
