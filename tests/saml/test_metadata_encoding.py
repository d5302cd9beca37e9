"""Metadata in other encodings, in PEM lines, and what is no metadata: the true reason each (FB-11)."""

from __future__ import annotations

import pytest

from broker.domain.errors import PartnerFailed
from tests.connectors.saml.metadata_documents import IDP, body, descriptor, entity, pem, read, role, rsa_key

SIXTEEN = "<?xml version='1.0' encoding='UTF-16'?>\n" + entity(extra="<!-- \u00e9 -->")


@pytest.mark.parametrize(
    "raw",
    [
        SIXTEEN.encode("utf-16"),
        ("\ufeff" + SIXTEEN).encode("utf-16-be"),
        entity().encode("utf-16"),
        SIXTEEN.encode("utf-16-le"),
        SIXTEEN.encode("utf-16-be"),
        ("<?xml version='1.0' encoding='ASCII'?>" + entity()).encode(),
        ("<?xml version='1.0' encoding='us-ascii'?>" + entity()).encode(),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>" + entity(extra="<!-- \u00e9 -->")).encode("latin-1"),
        ("\ufeff<?xml version='1.0' encoding='utf-8'?>" + entity()).encode(),
        entity(role(keys=descriptor(pem(rsa_key())))).encode(),
        entity(role(keys=descriptor("\n" + pem(rsa_key()).replace("\n", "\r\n") + "\n"))).encode(),
    ],
)
def test_fb_11_is_read(raw: bytes) -> None:
    """FB-11: UTF-16 as XML knows it, ASCII under its names, a certificate with its PEM lines."""
    found = read(raw)[0]
    assert (found.entity_id, len(found.keys), found.left_out) == (IDP, 1, ())


KEY_VALUE = "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"


@pytest.mark.parametrize(
    ("raw", "reason", "words"),
    [
        (b"<!doctype html>\n<html><body>Sign in</body></html>", "metadata_structure", "HTML page"),
        (b"<!-- x --><!-- y -->\n<HTML>", "metadata_structure", "HTML page"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x'><html/>", "metadata_structure", "HTML page"),
        ("<html>".encode("utf-16"), "metadata_structure", "HTML page"),
        (b'{"issuer": "https://idp.fabrikam.example"}', "metadata_structure", "JSON"),
        (pem(rsa_key()).encode(), "metadata_structure", "PEM file"),
        (b" \n", "metadata_structure", "empty"),
        (b"", "metadata_structure", "empty"),
        (b"<a>\n<b>", "metadata_structure", "line 2"),
        (b"<a>\n\xff</a>", "metadata_structure", "line 2"),
        (b"<?xml version='1.0' encoding='UTF-16'?>" + entity().encode(), "metadata_structure", "says UTF-16, and its bytes are not"),
        (b"<?xml version='1.0' encoding='EBCDIC'?>" + entity().encode(), "metadata_structure", "ebcdic"),
        (entity(role(keys=f'<md:KeyDescriptor use="signing">{KEY_VALUE}</md:KeyDescriptor>')), "partner_unsigned", "ds:KeyValue only"),
        (entity(role(keys="<md:KeyDescriptor><ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo></md:KeyDescriptor>")), "partner_unsigned", "no ds:X509Certificate"),
        (entity(role(keys=descriptor(body(rsa_key(1024))))), "metadata_key", "1024 bits"),
        (entity(role(keys=descriptor(""))), "metadata_key", "an empty ds:X509Certificate"),
    ],
)  # fmt: skip
def test_fb_11_the_true_reason(raw: str | bytes, reason: str, words: str) -> None:
    """FB-11: what staff read names what came."""
    with pytest.raises(PartnerFailed) as caught:
        read(raw)
    assert caught.value.reason == reason
    assert words in caught.value.detail


def test_fb_11_comments_are_looked_at_once() -> None:
    """The look for an HTML page does not try each way to read many comments: this would not come to an end."""
    with pytest.raises(PartnerFailed):
        read(b"<!---->" * 50_000)
