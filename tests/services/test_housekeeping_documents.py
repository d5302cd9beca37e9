"""Housekeeping: documents of partners and key sets of applications are renewed in time, and changed keys are audited."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import update

from broker.domain.times import DAY
from broker.services.operations import housekeeping
from broker.storage import tables as t
from broker.storage.history import audit
from broker.storage.partners import documents
from tests.journeys.world import ADA, World

# --- documents -------------------------------------------------------------------------------------------------------------


def document(world: World, kind: str, owner: str = "fabrikam") -> documents.StoredDocument | None:
    """A stored document."""
    with world.broker.core.db.read() as tx:
        return documents.of_partner(tx, owner).get(kind)


def events(world: World, name: str) -> list[dict[str, Any]]:
    """The audit's events of one name."""
    with world.broker.core.db.read() as tx:
        return audit.newest(tx, name=name)


def test_documents_are_renewed_before_they_go_stale(world: World) -> None:
    """HT-20: a login never waits for a document that was there; partners nobody used are not asked."""
    assert world.broker.operations.housekeeping.run()["documents"] == 0
    world.arrive(world.visitor(ADA))
    first = document(world, "jwks")
    assert first is not None
    assert world.broker.operations.housekeeping.run()["documents"] == 0
    world.clock.advance(3600 - housekeeping.AHEAD)
    assert world.broker.operations.housekeeping.run()["documents"] == 1
    second = document(world, "jwks")
    assert second is not None
    assert second.fresh_until == world.clock() + 3600
    assert document(world, "jwks", "northwind") is None
    assert events(world, "partner.keys_changed") == []


def test_a_key_change_is_audited(world: World) -> None:
    """SM-12, OU-09: another key is taken from the verified address only, and the audit names the old and the new ones."""
    world.arrive(world.visitor(ADA))
    provider = world.partners["fabrikam"]
    old = provider.jwks()["keys"][0]["kid"]
    provider.rotate_key(keep=False)
    new = provider.jwks()["keys"][0]["kid"]
    world.clock.advance(3600)
    world.broker.operations.housekeeping.run()
    (event,) = events(world, "partner.keys_changed")
    assert event["target"] == "fabrikam"
    assert [key["kid"] for key in event["data"]["removed"]] == [old]
    assert [key["kid"] for key in event["data"]["added"]] == [new]
    assert all(len(key["thumbprint"]) == 43 for key in event["data"]["removed"] + event["data"]["added"])


def test_a_login_that_brings_an_unknown_key_is_audited_too(small: World) -> None:
    """HO-6: one refresh for an unknown kid, and the change is in the audit."""
    small.redeem(small.visitor(ADA))
    small.partners["fabrikam"].rotate_key(keep=True)
    small.clock.advance(120)
    assert small.sign_in(small.visitor(ADA)).claims["email"] == ADA.email
    (event,) = events(small, "partner.keys_changed")
    assert event["data"]["removed"] == []
    assert len(event["data"]["added"]) == 1


def test_a_name_that_stands_for_another_key_is_marked(small: World) -> None:
    """SM-12: no honest rotation gives a new key the name of an old one."""
    small.arrive(small.visitor(ADA))
    row = document(small, "jwks")
    assert row is not None
    kept = json.loads(row.body or "")
    small.partners["northwind"].rotate_key(keep=False)
    kept["keys"] = [small.partners["northwind"].jwks()["keys"][0] | {"kid": kept["keys"][0]["kid"]}]
    with small.broker.core.db.write() as tx:
        tx.execute(update(t.documents).where(t.documents.c.kind == "jwks").values(body=json.dumps(kept)))
    small.clock.advance(3600)
    small.broker.operations.housekeeping.run()
    (event,) = events(small, "partner.keys_changed")
    assert event["data"]["reused"] == [kept["keys"][0]["kid"]]


def test_an_unusable_old_copy_is_compared_too(small: World) -> None:
    """A stored set that cannot be read any more counts as no keys at all."""
    small.arrive(small.visitor(ADA))
    with small.broker.core.db.write() as tx:
        tx.execute(update(t.documents).where(t.documents.c.kind == "jwks").values(body="{}"))
    small.clock.advance(3600)
    small.broker.operations.housekeeping.run()
    assert len(events(small, "partner.keys_changed")) == 1


def test_a_partner_that_is_away_keeps_its_last_copies(small: World) -> None:
    """HT-20: the row says why, the last good copy serves, and it is tried again."""
    small.arrive(small.visitor(ADA))
    small.partners["fabrikam"].fault = "down"
    small.clock.advance(3600)
    assert small.broker.operations.housekeeping.run()["documents"] == 0
    row = document(small, "discovery")
    assert row is not None
    assert (row.problem, row.body is None) == ("upstream_unavailable", False)
    small.partners["fabrikam"].fault = "none"
    small.clock.advance(30)
    assert small.broker.operations.housekeeping.run()["documents"] == 1
    row = document(small, "discovery")
    assert row is not None
    assert row.problem is None


def test_a_partner_without_any_copy_is_tried_again(small: World) -> None:
    """Contract: a partner whose discovery cannot be had is retried."""
    small.partners["fabrikam"].fault = "down"
    small.arrive(small.visitor(ADA))
    small.clock.advance(30)
    assert small.broker.operations.housekeeping.run()["documents"] == 0
    small.partners["fabrikam"].fault = "none"
    small.clock.advance(30)
    assert small.broker.operations.housekeeping.run()["documents"] == 1


def test_documents_of_a_partner_that_is_gone_are_forgotten(small: World) -> None:
    """A day later: a file may be missing on one node for a moment only."""
    small.arrive(small.visitor(ADA))
    (small.home / "config" / "partners" / "fabrikam.yaml").unlink()
    small.reload()
    small.clock.advance(7200)
    small.broker.operations.housekeeping.run()
    assert document(small, "jwks") is not None
    small.clock.advance(DAY)
    small.broker.operations.housekeeping.run()
    assert document(small, "jwks") is None
    assert document(small, "discovery") is None


def test_key_sets_of_applications_are_renewed(small: World) -> None:
    """HT-20, HP-22: an application's jwks_uri is fetched before its copy goes stale, and a change is audited."""
    issuer = small.partners["northwind"].issuer  # any server with a key set
    small.write("applications/keyed.yaml", f"name: Keyed\njwks_uri: {issuer}/jwks\nredirect_uris: [https://x.example/cb]\n")
    view = small.broker.access.applications.view("keyed")
    assert view is not None
    small.broker.oauth.client_authentication._keys(view, False)
    small.partners["northwind"].rotate_key(keep=True)
    small.clock.advance(3600 - housekeeping.AHEAD)
    assert small.broker.operations.housekeeping.run()["documents"] == 1
    assert [event["target"] for event in events(small, "application.keys_changed")] == ["keyed"]
    small.partners["northwind"].fault = "down"
    small.clock.advance(3600)
    assert small.broker.operations.housekeeping.run()["documents"] == 0
    with small.broker.core.db.write() as tx:
        tx.execute(update(t.documents).values(body=None))
    small.clock.advance(60)
    assert small.broker.operations.housekeeping.run()["documents"] == 0
