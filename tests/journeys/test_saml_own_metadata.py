"""Our own SAML metadata, its keys and their rotation."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from broker.demo.browser import Browser
from broker.demo.identity import MFA
from broker.domain.audit import Actor
from broker.domain.connector import Ask
from broker.keyring.create import ENCRYPTION, SAML
from broker.keyring.imported import read_key
from tests.connectors.saml.metadata_documents import pem, rsa_key
from tests.journeys.saml_world import SamlWorld, saml_world
from tests.journeys.test_saml_metadata import _DS, _MD, signs_in, woodgrove
from tests.journeys.world import World

__all__ = ["woodgrove"]  # the fixture


def keys_of(body: bytes) -> list[tuple[str, str]]:
    """(use, certificate) of our metadata."""
    root = etree.fromstring(body)
    return [(node.get("use"), next(node.iter(_DS + "X509Certificate")).text) for node in root.iter(_MD + "KeyDescriptor")]


def test_our_metadata(world: World, tmp_path: Path) -> None:
    """HS-33, HS-41: entity id, answer address, keys; both keys during a rotation; a partner's own where they differ."""
    with saml_world(world, own=True) as added:
        added.file(want_encrypted=True, allow_idp_initiated=True, signed="assertion", name_id_format="urn:x")
        page = Browser().get(f"{world.url}/saml/metadata")
        assert page.headers["content-type"] == "application/samlmetadata+xml"
        root = etree.fromstring(page.body)
        assert root.get("entityID") == f"{world.url}/saml/metadata"
        services = [(node.get("Location"), node.get("Binding")) for node in root.iter(_MD + "AssertionConsumerService")]
        assert services == [(f"{world.url}/saml/acs", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")]
        assert [use for use, _ in keys_of(page.body)] == ["signing"]
        own = Browser().get(f"{world.url}/saml/woodgrove/metadata")
        assert sorted(use for use, _ in keys_of(own.body)) == ["encryption", "signing"]
        assert f"{world.url}/saml/woodgrove/acs".encode() in own.body
        assert b'WantAssertionsSigned="true"' in own.body
        assert b"urn:x" in own.body
        assert b"aes256-gcm" in own.body
        assert Browser().get(f"{world.url}/saml/fabrikam/metadata").status == 404
        assert Browser().get(f"{world.url}/saml/nobody/metadata").status == 404
        file = tmp_path / "saml.pem"
        file.write_text(_own_pair())
        world.broker.keys.import_key(Actor.system(), read_key(file, "saml"), "saml")
        after = keys_of(Browser().get(f"{world.url}/saml/metadata").body)
        assert len(after) == 2
        assert after[1] == keys_of(page.body)[0]
        assert added.redeem(added.visitor()).location is not None  # the partner knows the new one from our metadata


def test_rotation_of_our_keys(world: World) -> None:
    """HS-33: the new key stands in our metadata beside the old one for a week before it signs; then the old one for a day more."""
    with saml_world(world, own=True) as added:
        added.file(want_encrypted=True)
        wanda = added.visitor()
        added.redeem(wanda)
        keys, week, url = world.broker.keys, 7 * 86_400, f"{world.url}/saml/woodgrove/metadata"
        first = dict(keys_of(Browser().get(url).body))
        assert len(keys.rotate(Actor.system(), now_active=False, of=(SAML, ENCRYPTION))) == 2
        assert keys.rotate(Actor.system(), now_active=False, of=(SAML, ENCRYPTION)) == ()
        during = keys_of(Browser().get(url).body)
        assert len(during) == 4
        assert [during[0], during[2]] == [("signing", first["signing"]), ("encryption", first["encryption"])]
        assert signs_in(added) == "in"
        world.clock.advance(week)
        assert keys_of(Browser().get(url).body)[0][1] != first["signing"]
        assert signs_in(added) == "in"
        world.clock.advance(90_000)
        after = dict(keys_of(Browser().get(url).body))
        assert set(after.values()).isdisjoint(first.values())
        assert signs_in(added) == "in"


def _own_pair() -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa_key(name="imported")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() + pem(key)


def test_keys_are_made_when_a_partner_needs_them(world: World) -> None:
    """HP-42: no SAML partner, no SAML key; then one for signing, and one for decryption where it is wanted."""

    def uses() -> set[str]:
        return {info.use for info in world.broker.keys.list()}

    our_side = world.broker.partners.families.over_saml.our_side
    our_side.ensure_keys()
    assert uses() == {"sig"}
    with saml_world(world) as added:
        added.file()
        our_side.ensure_keys()
        assert uses() == {"sig", "saml"}
        added.file(want_encrypted=True)
        our_side.ensure_keys()
        our_side.ensure_keys()
        assert uses() == {"sig", "saml", "enc"}
        assert len(world.broker.keys.list()) == 6


def test_what_a_request_may_ask(woodgrove: SamlWorld) -> None:
    """HS-33: IsPassive and RequestedAuthnContext; a passive answer without a session is an error response."""
    connector = woodgrove.world.broker.partners.families.connector("woodgrove")
    outbound = connector.begin(Ask(state="s", passive=True, acr_values=(MFA,)))
    assert outbound.form is None
    page = Browser().get(outbound.url)
    assert page.name == "partner-return"
    assert woodgrove.idp.seen[-1].passive
    assert woodgrove.idp.seen[-1].contexts == (MFA,)
    ids = {connector.begin(Ask(state="s")).memory["request_id"] for _ in range(20)}
    assert len(ids) == 20
