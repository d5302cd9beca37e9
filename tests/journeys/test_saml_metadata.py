"""Metadata in a running broker: rows, files, pins, refreshes, changes of keys; and our own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from broker.demo.browser import Browser
from broker.domain.errors import PartnerFailed
from broker.services.partners.families import Partners
from broker.storage import tables
from tests.connectors.saml.metadata_documents import MD, body, pem, rsa_key
from tests.journeys.saml_world import SamlWorld, fields, saml_world
from tests.journeys.world import World

_MD, _DS = "{urn:oasis:names:tc:SAML:2.0:metadata}", "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.fixture
def woodgrove(world: World) -> Iterator[SamlWorld]:
    """Woodgrove by URL, and Wanda a guest."""
    with saml_world(world) as added:
        added.file()
        added.redeem(added.visitor())
        yield added


def row(woodgrove: SamlWorld) -> Any:
    """The stored copy."""
    return woodgrove.world.broker.partners.families.documents.rows("woodgrove")["metadata"]


def refresh(woodgrove: SamlWorld) -> bool:
    """What housekeeping does when the copy is about to be stale."""
    woodgrove.world.clock.advance(3700)
    return woodgrove.world.broker.partners.families.renew("woodgrove", 90)


def key_changes(woodgrove: SamlWorld) -> list[dict[str, Any]]:
    """The audit's events of changed keys, oldest first."""
    with woodgrove.world.broker.core.db.read() as tx:
        events = [dict(found._mapping) for found in tx.execute(tables.audit.select().order_by(tables.audit.c.at))]
    return [event["data"] for event in events if event["name"] == "partner.keys_changed"]


def signs_in(woodgrove: SamlWorld) -> str:
    """`in`, or the error page's code and reason."""
    page = woodgrove.world.arrive(woodgrove.visitor())
    return "in" if page.location is not None else f"{page.error} {woodgrove.world.receipt(page)['reason']}"


def test_rollover(woodgrove: SamlWorld) -> None:
    """SM-12, HS-39: a second key is taken by a refresh, the old one serves on; the audit has the fingerprints."""
    woodgrove.idp.rotate_key()
    assert refresh(woodgrove)
    assert signs_in(woodgrove) == "in"
    woodgrove.idp.rotate_key(keep=False)
    assert refresh(woodgrove)
    assert signs_in(woodgrove) == "in"
    changes = key_changes(woodgrove)
    assert [(len(change["added"]), len(change["removed"])) for change in changes] == [(1, 0), (1, 2)]


def test_last_good_copy(woodgrove: SamlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-10, HS-39: bad or unreachable metadata changes nothing; the problem stands in the row."""
    good, metadata = row(woodgrove).body, woodgrove.idp.metadata
    monkeypatch.setattr(woodgrove.idp, "metadata", lambda: b"<nonsense/>")
    assert not refresh(woodgrove)
    assert (row(woodgrove).body, row(woodgrove).problem) == (good, "metadata_structure")
    assert signs_in(woodgrove) == "in"
    monkeypatch.setattr(woodgrove.idp, "metadata", lambda: b" " * (6 * 1024 * 1024))
    assert not refresh(woodgrove)
    assert row(woodgrove).problem == "metadata_fetch"
    monkeypatch.setattr(woodgrove.idp, "metadata", lambda: metadata().replace(b"/metadata", b"/else"))
    assert not refresh(woodgrove)
    assert row(woodgrove).problem == "metadata_entity"
    assert signs_in(woodgrove) == "in"


def test_valid_until(woodgrove: SamlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-04, HS-39: the last good copy serves until its validUntil, and not longer."""
    metadata, clock = woodgrove.idp.metadata, woodgrove.world.clock
    until = clock() + 3700 + 4000
    from broker.demo.saml.messages import stamp

    marked = f' validUntil="{stamp(until)}" entityID='.encode()
    monkeypatch.setattr(woodgrove.idp, "metadata", lambda: metadata().replace(b" entityID=", marked))
    assert refresh(woodgrove)
    assert row(woodgrove).valid_until == until
    monkeypatch.setattr(woodgrove.idp, "metadata", lambda: b"gone")
    clock.advance(3900)
    assert signs_in(woodgrove) == "in"
    clock.advance(100)
    assert signs_in(woodgrove) in ("partner_failed metadata_expired", "partner_failed metadata_structure")
    connector = woodgrove.world.broker.partners.families.over_saml.for_response
    with pytest.raises(PartnerFailed):
        connector("woodgrove")


def test_entity_without_a_name_in_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """HS-3: entity_id may be left out; the first copy pins it, and another entity at that address is refused."""
    with saml_world(world) as added:
        added.file(entity_id=None)
        added.redeem(added.visitor())
        assert signs_in(added) == "in"
        metadata = added.idp.metadata
        monkeypatch.setattr(added.idp, "metadata", lambda: metadata().replace(b"/metadata", b"/else"))
        assert not refresh(added)
        assert row(added).problem == "metadata_entity"


def test_pinned_by_a_certificate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-01, SM-12, HS-37: unsigned or otherwise signed metadata is no metadata; a refresh with it keeps the old keys."""
    key = rsa_key(name="federation")
    (world.home / "config" / "pin.pem").write_text(pem(key))
    with saml_world(world) as added:
        metadata = added.idp.metadata
        added.file(metadata_certificate="config/pin.pem")
        assert added.redeem(added.visitor()).error == "partner_failed"
        world.clock.advance(10)
        monkeypatch.setattr(added.idp, "metadata", lambda: metadata(signed_by=key))
        assert added.redeem(added.visitor()).location is not None
        added.idp.rotate_key(keep=False)
        monkeypatch.setattr(added.idp, "metadata", lambda: metadata(signed_by=rsa_key()))
        assert not refresh(added)
        assert row(added).problem == "metadata_signature"
        assert refusals(added)[-1] == ("woodgrove", "metadata_signature", {"kind": "metadata"})
        assert signs_in(added) == "partner_untrusted saml_signature"


def test_metadata_in_a_file(world: World) -> None:
    """SM-12, HS-37, HS-39: a file is looked at when it changes; a broken one keeps the last good copy, in this process and the next."""
    with saml_world(world) as added:
        path = world.home / "config" / "woodgrove.xml"
        path.write_bytes(added.idp.metadata())
        added.file(metadata="config/woodgrove.xml")
        added.redeem(added.visitor())
        assert signs_in(added) == "in"
        path.write_bytes(b"<broken/>")
        assert signs_in(added) == "in"
        assert row(added).problem == "metadata_structure"
        broker = world.broker
        fresh = Partners(broker.core, broker.keys, broker.partners.outbound_clients)
        partner = broker.core.settings().partners["woodgrove"]
        assert fresh.family_of(partner).issuer_of(partner) == added.idp.entity_id  # a process that starts now
        added.idp.rotate_key()
        path.write_bytes(added.idp.metadata())
        assert signs_in(added) == "in"
        assert row(added).problem is None
        assert len(key_changes(added)) == 1
        path.unlink()
        assert signs_in(added) == "in"
        assert world.broker.partners.families.renew("woodgrove", 90) is False


def test_file_that_never_was_good(world: World) -> None:
    """HS-37: the partner is unavailable, and only that one."""
    with saml_world(world) as added:
        (world.home / "config" / "woodgrove.xml").write_bytes(b"<broken/>")
        added.file(metadata="config/woodgrove.xml")
        page = added.redeem(added.visitor())
        assert (page.error, world.receipt(page)["reason"]) == ("partner_failed", "metadata_structure")


@pytest.mark.parametrize(
    "address", ["https://10.1.2.3/m", "https://169.254.169.254/m", "https://[::1]:1/m", "https://0x7f000001/m"]
)
def test_addresses_that_are_not_called(world: World, address: str) -> None:
    """SM-05, SM-08: the one outbound client refuses before a packet is sent; in a login it is the partner's failure."""
    with saml_world(world) as added:
        added.file(metadata=address)
        page = added.redeem(added.visitor())
        assert page.error == "partner_failed"
        assert world.receipt(page)["reason"] == "url_not_allowed"


BAD = {
    "SM-02": (lambda good: f'<md:EntitiesDescriptor xmlns:md="{MD}">{good}{good}</md:EntitiesDescriptor>', "metadata_structure"),
    "SM-03": (lambda good: good.replace("127.0.0.8", "127.0.0.9"), "metadata_entity"),
    "SM-04": (lambda good: good.replace(" entityID=", ' validUntil="2020-01-01T00:00:00Z" entityID='), "metadata_expired"),
    "SM-09": (lambda good: '<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + good, "metadata_structure"),
    "SM-11": (lambda good: re.sub(r'Location="[^"]+"', 'Location="javascript:alert(1)"', good), "metadata_endpoint"),
    "SM-13": (lambda good: good.replace("IDPSSODescriptor", "SPSSODescriptor"), "metadata_structure"),
    "SM-14": (
        lambda good: re.sub("<ds:X509Certificate>[^<]+", f"<ds:X509Certificate>{body(rsa_key(1024))}", good),
        "metadata_key",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_metadata_changes_nothing(woodgrove: SamlWorld, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """SM-02, SM-03, SM-04, SM-09, SM-11, SM-13, SM-14: the last good copy serves, the audit has the reason once, doctor says so."""
    change, why = BAD[case]
    good = row(woodgrove).body
    text = woodgrove.idp.metadata().decode()
    monkeypatch.setattr(woodgrove.idp, "metadata", lambda: change(text).encode())
    assert not refresh(woodgrove)
    woodgrove.world.clock.advance(10)
    assert not woodgrove.world.broker.partners.families.renew("woodgrove", 90)
    assert (row(woodgrove).body, row(woodgrove).problem) == (good, why)
    assert signs_in(woodgrove) == "in"
    assert refusals(woodgrove) == [("woodgrove", why, {"kind": "metadata"})]
    found = woodgrove.world.broker.doctor.examine("woodgrove", offline=True).findings
    assert any(f"the last try failed ({why})" in finding.seen for finding in found if finding.check == "stored_documents")


def refusals(woodgrove: SamlWorld) -> list[tuple[str, str, Any]]:
    """The audit's events of documents that were refused."""
    with woodgrove.world.broker.core.db.read() as tx:
        events = [dict(found._mapping) for found in tx.execute(tables.audit.select().order_by(tables.audit.c.at))]
    return [(event["target"], event["reason"], event["data"]) for event in events if event["name"] == "partner.document_refused"]


def test_a_partner_with_anothers_name(woodgrove: SamlWorld) -> None:
    """SM-03, HS-3: B's metadata names A's entity with B's key: used for B alone, where its file says so; A's keys stay A's."""
    with saml_world(woodgrove.world, host="127.0.0.9") as other:
        monkey = other.idp
        monkey.entity_id = woodgrove.idp.entity_id
        other.file(partner="foxglove", domain="foxglove.example", entity_id=woodgrove.idp.entity_id)
        before = row(woodgrove).body
        assert signs_in(woodgrove) == "in"
        held = woodgrove.at_the_return(woodgrove.visitor())
        foreign = monkey.answer(woodgrove.idp.seen[-1], monkey.sign_in("wanda"))
        page = Browser().post(f"{woodgrove.world.url}/saml/acs", {**foreign, "RelayState": fields(held)["RelayState"]})
        assert (page.error, woodgrove.world.receipt(page)["reason"]) == ("partner_untrusted", "saml_signature")
        assert row(woodgrove).body == before


def test_no_copy_yet(world: World) -> None:
    """HS-36: where a message arrives before any copy is there, nothing is fetched."""
    with saml_world(world) as added:
        added.file()
        with pytest.raises(PartnerFailed, match="metadata_fetch"):
            world.broker.partners.families.over_saml.for_response("woodgrove")
        with pytest.raises(PartnerFailed, match="partner_removed"):
            world.broker.partners.families.over_saml.for_response("nobody")
        with pytest.raises(PartnerFailed, match="partner_protocol"):
            world.broker.partners.families.over_saml.for_response("fabrikam")
