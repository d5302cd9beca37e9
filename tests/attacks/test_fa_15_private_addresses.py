"""FA-15: a partner of the open Internet sends the broker to addresses that are private, and listed for somebody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.connectors.oidc.discovery import discovery_url
from broker.domain.connector import Ask, Inbound
from broker.domain.errors import PageError, PartnerFailed
from broker.domain.private_addresses import counting
from broker.storage.partners import documents
from tests.connectors.provider import Request, Server, as_json
from tests.journeys.world import World

EVIL = "https://idp.evil.example"
MEMORY = {"nonce": "n" * 43, "code_verifier": "v" * 43}


def evil(world: World, **endpoints: str) -> None:
    """A partner at a public address, whose discovery document, as the broker has stored it, names these endpoints."""
    world.write(
        "partners/evil.yaml", f"name: Evil\noidc: {{issuer: '{EVIL}', client_id: contoso, client_secret: '${{env:SECRET}}'}}\n"
    )
    document = {
        "issuer": EVIL,
        "authorization_endpoint": f"{EVIL}/authorize",
        "token_endpoint": f"{EVIL}/token",
        "jwks_uri": f"{EVIL}/jwks",
        **endpoints,
    }
    keep(world, "discovery", discovery_url(EVIL), document)


def keep(world: World, kind: str, url: str, document: dict[str, Any]) -> None:
    """A document as a row that is fresh."""
    now = world.clock()
    with world.broker.core.db.write() as tx:
        assert documents.claim(tx, "evil", kind, url, now=now, pause=1)
        body = json.dumps(document)
        documents.store(tx, "evil", kind, url=url, body=body, now=now, fresh_until=now + 3600, next_try_at=now)


@pytest.mark.parametrize("endpoint", ["token_endpoint", "userinfo_endpoint", "jwks_uri", "authorization_endpoint"])
def test_fa_15_a_public_partner_names_a_private_endpoint(both: World, endpoint: str) -> None:
    """The document is refused, and nothing arrives at the host that another partner may be reached at."""
    inside = Server()
    seen: list[Request] = []

    def note(request: Request) -> Any:
        seen.append(request)
        return as_json({"access_token": "a", "token_type": "Bearer"})

    inside.routes["/inside"] = note
    try:
        evil(both, **{endpoint: f"http://127.0.0.1:{inside.port}/inside"})
        with pytest.raises(PartnerFailed) as refusal:
            both.broker.partners.families.connector("evil").begin(Ask(state="s" * 43))
        assert refusal.value.reason == "discovery_endpoint"
        with pytest.raises(PageError):
            both.broker.partners.families.connector("evil").complete(
                Inbound(params={"code": "c"}, memory=MEMORY, now=both.clock())
            )
        assert not seen
    finally:
        inside.close()


def test_fa_15_nor_is_it_reached_by_https(world: World) -> None:
    """An https: address is only judged when it is called: no packet leaves."""
    evil(world, token_endpoint="https://127.0.0.1:1/inside")
    world.broker.partners.families.connector("evil").begin(Ask(state="s" * 43))
    with pytest.raises(PartnerFailed) as refusal:
        world.broker.partners.families.connector("evil").complete(Inbound(params={"code": "c"}, memory=MEMORY, now=world.clock()))
    assert refusal.value.reason == "url_not_allowed"
    assert "lists the configured address itself" in refusal.value.detail


def test_fa_15_who_is_listed_is_still_reached(world: World) -> None:
    """Fabrikam's own address is on the list."""
    assert world.broker.partners.families.connector("fabrikam").begin(Ask(state="s" * 43)).url.startswith("http://127.0.0.2")


def test_fa_15_a_name_that_resolves_into_a_listed_network_is_not_listed() -> None:
    """Where a name resolves to is its owner's choice: else every partner could move itself into the list."""
    listed = ["10.0.0.0/8", "127.0.0.0/8", "idp.internal", "keys.internal:8443"]
    assert counting(listed, [EVIL]) == ()
    assert counting(listed, []) == ()
    assert counting(listed, ["https://keys.internal/jwks"]) == ()
    for own in ("https://idp.internal", "https://keys.internal:8443/jwks", "http://10.1.2.3:8080", "http://localhost:8080"):
        assert counting(listed, [own]) == tuple(listed)
