"""Which NameID is asked for, and which our metadata offers (FB-14, FB-19)."""

from __future__ import annotations

import pytest
from lxml import etree

from broker.connectors.saml.connector import asked_format
from broker.connectors.saml.sp_metadata import sp_metadata
from tests.connectors.saml.test_metadata import entity, read, role

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


@pytest.mark.parametrize(
    ("listed", "wanted", "asked"),
    [
        ((), None, None),
        ((), PERSISTENT, PERSISTENT),
        ((PERSISTENT, EMAIL), None, None),
        ((PERSISTENT, EMAIL), EMAIL, EMAIL),
        ((f"\n  {PERSISTENT}\n",), PERSISTENT, PERSISTENT),
        ((EMAIL,), PERSISTENT, None),
        (("",), PERSISTENT, PERSISTENT),
    ],
)
def test_fb_14_what_is_asked_for(listed: tuple[str, ...], wanted: str | None, asked: str | None) -> None:
    """FB-14: what the file says, but nothing where the metadata lists other formats alone."""
    formats = "".join(f"<md:NameIDFormat>{name}</md:NameIDFormat>" for name in listed)
    idp, _ = read(entity(role(extra=formats)))
    assert asked_format(wanted, idp) == asked


def test_fb_19_what_our_metadata_offers() -> None:
    """FB-19: the format stands in the document before our endpoint, as the schema has it (md 2.4.2)."""
    document = etree.fromstring(
        sp_metadata(entity_id="https://sp.example", acs_url="https://sp.example/acs", signing=(), name_id_format=PERSISTENT)
    )
    names = [etree.QName(child).localname for child in document[0]]
    assert names == ["NameIDFormat", "AssertionConsumerService"]
    assert document[0][0].text == PERSISTENT
