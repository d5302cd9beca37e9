"""Which NameID our metadata offers (FB-19)."""

from __future__ import annotations

from lxml import etree

from broker.connectors.saml.sp_metadata import sp_metadata

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def test_fb_19_what_our_metadata_offers() -> None:
    """FB-19: the format stands in the document between our endpoints, as the schema has it (md 2.4.2)."""
    document = etree.fromstring(
        sp_metadata(
            entity_id="https://sp.example",
            acs_url="https://sp.example/acs",
            slo_url="https://sp.example/slo",
            signing=(),
            name_id_format=PERSISTENT,
        )
    )
    names = [etree.QName(child).localname for child in document[0]]
    assert names == ["SingleLogoutService", "SingleLogoutService", "NameIDFormat", "AssertionConsumerService"]
    assert document[0][2].text == PERSISTENT
