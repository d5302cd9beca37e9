"""Fixtures: the provider on loopback, the one outbound client, a login."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.connectors.oidc.partner import PartnerView
from broker.connectors.outbound.client import HttpClient
from broker.jose.keys import PrivateKey, generate
from tests.connectors.provider import Journey, Provider, Server


@pytest.fixture(scope="session")
def rsa_key() -> PrivateKey:
    """One RSA key for all tests of this folder: making one is slow."""
    return generate("RS256", "rsa-1")


@pytest.fixture(scope="session")
def other_key() -> PrivateKey:
    """A key that the provider does not publish."""
    return generate("RS256", "rsa-2")


@pytest.fixture
def client() -> Iterator[HttpClient]:
    """The outbound client with loopback allowed and a short deadline."""
    client = HttpClient(["127.0.0.1"], "guest-broker-test", seconds=2.0)
    yield client
    client.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A bare web server."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def provider(rsa_key: PrivateKey) -> Iterator[Provider]:
    """An honest provider."""
    provider = Provider(rsa_key)
    yield provider
    provider.close()


@pytest.fixture
def journey(provider: Provider, client: HttpClient) -> Journey:
    """A login at the honest provider; `trust.email` is on, so that the judgement of the address can be seen."""
    partner = PartnerView(
        id="fabrikam",
        issuer=provider.issuer,
        client_id="contoso-broker",
        client_secret="se:cret/ä",
        domains=("fabrikam.example",),
        trust_email=True,
    )
    return Journey(provider, client, partner)
