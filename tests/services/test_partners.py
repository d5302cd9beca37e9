"""The documents of partners: one fetch for all nodes, the last good copy, and nothing believed that was not checked (HT-20)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from broker.app import Broker, build
from broker.connectors.oidc.discovery import discovery_url
from broker.connectors.registry import FAMILIES
from broker.domain.errors import PartnerFailed
from broker.services.doctor import Level, Side
from broker.services.partners import documents as module
from broker.services.partners.documents import KID_PAUSE, RETRY_PAUSE
from broker.services.partners.oidc.documents import OidcDocuments
from broker.storage.partners import documents
from tests.journeys.world import ADA, SECRET, World
from tests.race import race
from tests.services.waiting import count_key_requests, until_calls


@pytest.fixture
def other(world: World) -> Iterator[Broker]:
    """A second node on the same database."""
    node = build(world.home, environ={"SECRET": SECRET}, clock=world.clock)
    yield node
    node.close()


def oidc_documents(broker: Broker, partner: str = "fabrikam") -> OidcDocuments:
    """The documents of a partner, for one step of one login."""
    return OidcDocuments(broker.partners.families.documents, broker.core.settings().partners[partner])


def kids(document: Any) -> list[str]:
    """The names of the keys of a set."""
    return [key["kid"] for key in document["keys"]]


def test_many_tokens_with_a_new_key_cause_one_refresh(world: World, other: Broker) -> None:
    """HO-6: over all nodes and threads; and everybody who waited gets the new set, not only the first."""
    old = kids(oidc_documents(world.broker).keys(False))
    assert kids(oidc_documents(other).keys(False)) == old
    world.partners["fabrikam"].rotate_key(keep=True)
    world.clock.advance(120)
    nodes = [world.broker, other]
    asked = count_key_requests(world.partners["fabrikam"], [node.partners.outbound_clients for node in nodes], waiting=12)
    found = race(lambda number: kids(oidc_documents(nodes[number % 2]).keys(True)), 12)
    assert len(asked) == 1
    assert {len(names) for names in found} == {2}


def test_fa_02_waiting_for_another_takes_a_place(world: World) -> None:
    """FA-02: who would wait for another's fetch is refused at once where too many wait already; a refresh that is over costs none."""
    partner = world.broker.core.settings().partners["fabrikam"]
    url = str(oidc_documents(world.broker).discovery()["jwks_uri"])
    oidc_documents(world.broker).keys(False)
    world.clock.advance(120)
    with world.broker.core.db.write() as tx:
        assert documents.claim(tx, "fabrikam", "jwks", url, now=world.clock(), pause=KID_PAUSE)
    client = world.broker.partners.outbound_clients(partner.addresses)
    before = time.monotonic()
    with ExitStack() as places:
        for _ in range(16):
            places.enter_context(client.waiting(url))
        with pytest.raises(PartnerFailed) as caught:
            oidc_documents(world.broker).keys(True)
        assert caught.value.reason == "upstream_busy"
        assert time.monotonic() - before < 5  # nobody waited for the ten seconds of a fetch
        world.clock.advance(30)
        assert oidc_documents(world.broker).keys(True)


def test_unknown_keys_do_not_make_us_ask_again(world: World, other: Broker) -> None:
    """HO-6, OU-09: one refresh an interval, however many tokens bring invented names; nobody is kept waiting for it."""
    oidc_documents(world.broker).keys(False)
    world.clock.advance(120)
    asked = count_key_requests(world.partners["fabrikam"])
    before = time.monotonic()
    for node in (world.broker, other) * 5:
        oidc_documents(node).keys(True)
    assert len(asked) == 1
    assert time.monotonic() - before < 5
    world.clock.advance(KID_PAUSE)
    oidc_documents(other).keys(True)
    assert len(asked) == 2


def test_a_refresh_that_fails_is_over_at_once(world: World) -> None:
    """The last good copy serves; the next try is an interval later."""
    good = kids(oidc_documents(world.broker).keys(False))
    world.partners["fabrikam"].fault = "down"
    world.clock.advance(120)
    assert kids(oidc_documents(world.broker).keys(True)) == good
    before = time.monotonic()
    assert kids(oidc_documents(world.broker).keys(True)) == good
    assert time.monotonic() - before < 2


def test_a_node_waits_for_another_that_fetches_the_first_copy(world: World) -> None:
    """HT-20: two nodes that need a partner at the same moment ask it once."""
    partner = world.broker.core.settings().partners["fabrikam"]
    url = discovery_url(partner.issuer)
    with world.broker.core.db.write() as tx:
        assert documents.claim(tx, "fabrikam", "discovery", url, now=world.clock(), pause=RETRY_PAUSE)

    def arrive() -> None:
        until_calls([world.broker.partners.outbound_clients], 1)
        with world.broker.core.db.write() as tx:
            body = json.dumps({"issuer": "as stored"})
            documents.store(
                tx, "fabrikam", "discovery", url=url, body=body, now=world.clock(), fresh_until=world.clock() + 9, next_try_at=0
            )

    thread = threading.Thread(target=arrive)
    thread.start()
    assert oidc_documents(world.broker).discovery() == {"issuer": "as stored"}
    thread.join()


@pytest.mark.parametrize("told", [True, False])
def test_the_other_node_fails_or_dies(world: World, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says why, or nothing at all: partner_failed either way, and not after half a minute."""
    monkeypatch.setattr(module, "_WAIT", 1.0 if told else 0.2)
    url = discovery_url(world.broker.core.settings().partners["fabrikam"].issuer)
    with world.broker.core.db.write() as tx:
        documents.claim(tx, "fabrikam", "discovery", url, now=world.clock(), pause=RETRY_PAUSE)

    def fail() -> None:
        until_calls([world.broker.partners.outbound_clients], 1)
        with world.broker.core.db.write() as tx:
            documents.fail(tx, "fabrikam", "discovery", problem="upstream_unavailable", next_try_at=world.clock() + RETRY_PAUSE)

    thread = threading.Thread(target=fail if told else lambda: None)
    thread.start()
    with pytest.raises(PartnerFailed) as refusal:
        oidc_documents(world.broker).discovery()
    thread.join()
    assert refusal.value.reason == "upstream_unavailable"
    if told:
        with pytest.raises(PartnerFailed, match="tried again in a few seconds"):
            oidc_documents(world.broker).discovery()
    world.clock.advance(RETRY_PAUSE)
    assert oidc_documents(world.broker).discovery()["issuer"] == world.partners["fabrikam"].issuer


def test_a_copy_from_another_address_is_not_used(world: World) -> None:
    """OU-20: another issuer in the file asks anew; what was stored of the old one never serves the new."""
    assert kids(oidc_documents(world.broker).keys(False)) == kids(world.partners["fabrikam"].jwks())
    path = world.home / "config" / "partners" / "fabrikam.yaml"
    world.partners["northwind"].fault = "none"
    (world.home / "config" / "partners" / "northwind.yaml").unlink()
    world.write(
        "partners/fabrikam.yaml", path.read_text().replace(world.partners["fabrikam"].issuer, world.partners["northwind"].issuer)
    )
    assert kids(oidc_documents(world.broker).keys(False)) == kids(world.partners["northwind"].jwks())


def test_a_secret_in_a_file_is_rotated_by_a_reload(world: World) -> None:
    """Issue 4: the config digest is the same, the secret is another: the next sign-in uses it."""
    (world.home / "fabrikam-secret").write_text("the-old-secret-0123456789", "utf-8")
    text = (world.home / "config" / "partners" / "fabrikam.yaml").read_text().replace("${env:SECRET}", "${file:fabrikam-secret}")
    world.write("partners/fabrikam.yaml", text)
    before = world.broker.core.settings().digest
    page = world.arrive(world.visitor(ADA))
    assert world.receipt(page)["reason"] == "upstream_error"
    (world.home / "fabrikam-secret").write_text(SECRET, "utf-8")
    assert world.broker.files.changed()
    world.reload()
    assert world.broker.core.settings().digest == before
    assert world.arrive(world.visitor(ADA)).error == "not_invited"


def test_a_partner_that_is_gone_or_speaks_otherwise(world: World) -> None:
    """partner_removed: the file went while somebody was on his way; it is not renewed either."""
    with pytest.raises(PartnerFailed) as refusal:
        world.broker.partners.families.connector("nobody")
    assert refusal.value.reason == "partner_removed"
    with pytest.raises(PartnerFailed) as refusal:
        world.broker.partners.families.over_saml.for_response("nobody")
    assert refusal.value.reason == "partner_removed"
    assert not world.broker.partners.families.renew("nobody", 0)


def test_every_protocol_has_services(world: World) -> None:
    """The table of services has the keys of the registry (tests/house/test_protocols.py holds the other tables)."""
    assert set(world.broker.partners.families._families) == set(FAMILIES)


def test_fb_04_a_new_key_under_the_same_kid(world: World) -> None:
    """FB-04, HO-6: the one refresh that an unknown kid gets; a second new key within the minute is nobody's fault."""
    fabrikam = world.partners["fabrikam"]
    fabrikam.rotate_key(keep=False, kid="signing")
    world.redeem(world.visitor())
    world.sign_in(world.visitor())
    world.clock.advance(KID_PAUSE)
    fabrikam.rotate_key(keep=False, kid="signing")
    assert world.sign_in(world.visitor()).claims["idp"] == "fabrikam"
    fabrikam.rotate_key(keep=False, kid="signing")
    page = world.arrive(world.visitor())
    assert (page.name, page.error) == ("error", "partner_untrusted")
    assert world.receipt(page)["reason"] == "idtoken_key_pause"
    failure = next(f for f in world.broker.doctor.examine("fabrikam").findings if "idtoken_key_pause" in f.seen)
    assert (failure.level, failure.side) == (Level.WARNING, Side.OURS)
    world.clock.advance(KID_PAUSE)
    assert world.sign_in(world.visitor()).claims["idp"] == "fabrikam"
