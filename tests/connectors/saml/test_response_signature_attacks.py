"""Attacks on a response, part one: signatures, references, transforms and keys (SR-01 to SR-17, HS-19)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.connectors.saml.idp import (
    DS,
    ENVELOPED,
    EXC_C14N,
    NOW,
    TRANSFORMS,
    ec_key,
    genuine,
    rsa_key,
    show,
    stamp,
    x509_info,
)
from tests.connectors.saml.refusals import refused


def tampered(old: str, new: str, **changes: Any) -> bytes:
    """A genuine response whose text is changed after it was signed."""
    data = genuine(**changes).xml()
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


def test_sr01_unsigned() -> None:
    """SR-01, HS-19: neither Response nor Assertion is signed."""
    refused(genuine(signed="none"), "saml_unsigned", touched=False)


@pytest.mark.parametrize(
    ("wanted", "signed", "good"),
    [
        ("response", "response", True),
        ("response", "assertion", False),
        ("response", "both", True),
        ("assertion", "response", False),
        ("assertion", "assertion", True),
        ("assertion", "both", True),
        ("both", "response", False),
        ("both", "assertion", False),
        ("both", "both", True),
        ("either", "response", True),
        ("either", "assertion", True),
        ("either", "both", True),
    ],
)
def test_sr01_signed_as_the_file_says(wanted: str, signed: str, good: bool) -> None:
    """SR-01, HS-19: what the partner's file says must be signed is."""
    if good:
        assert show(genuine(signed=signed), view={"signed": wanted}).assertion.email == "ada@fabrikam.example"
    else:
        refused(genuine(signed=signed), "saml_unsigned", view={"signed": wanted})


def test_sr11_two_references() -> None:
    """SR-11, HS-14: a second Reference."""

    def edit(text: str) -> str:
        start, end = text.index("<ds:Reference "), text.index("</ds:Reference>") + 15
        return text[:end] + text[start:end] + text[end:]

    refused(genuine(edit=edit, signed="assertion"), "saml_signature_profile", touched=False)


@pytest.mark.parametrize(
    "uri", ["", "#_response-1", "#_other", "https://idp.fabrikam.example/a", "#xpointer(id('_assertion-1'))", "#xpointer(/)"]
)
def test_sr11_reference_to_something_else(uri: str) -> None:
    """SR-11, HS-14: the Reference of the assertion's signature names anything but the assertion."""
    refused(tampered('URI="#_assertion-1"', f'URI="{uri}"', signed="assertion"), "saml_signature_profile", touched=False)


XSLT = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><xsl:for-each select="//*//*//*"/></xsl:template>'
    "</xsl:stylesheet></ds:Transform>"
)
XPATH = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>count(//*//*) &gt; 0</ds:XPath></ds:Transform>'


@pytest.mark.parametrize(
    "transforms",
    [
        XSLT,
        XPATH,
        XSLT + TRANSFORMS,
        f'<ds:Transform Algorithm="{ENVELOPED}"/>' + XPATH,
        f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
        f'<ds:Transform Algorithm="{EXC_C14N}"/><ds:Transform Algorithm="{ENVELOPED}"/>',
        f'<ds:Transform Algorithm="{ENVELOPED}"/>',
        f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}WithComments"/>',
        f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>',
        TRANSFORMS + f'<ds:Transform Algorithm="{EXC_C14N}"/>',
        (
            f'<ds:Transform Algorithm="{ENVELOPED}"><ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="xs"/></ds:Transform>'
            f'<ds:Transform Algorithm="{EXC_C14N}"/>'
        ),
    ],
)
def test_sr12_transforms(transforms: str) -> None:
    """SR-12, HS-14: XSLT, XPath and every other list of transforms, within 100 ms and without signature code."""
    data = tampered(TRANSFORMS, transforms, signed="assertion")
    started = time.process_time()
    refused(data, "saml_signature_profile", touched=False)
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize(
    "algorithm", ["http://www.w3.org/2001/10/xml-exc-c14n#WithComments", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", ""]
)
def test_sr12_canonicalization(algorithm: str) -> None:
    """SR-12, HS-14: SignedInfo is canonicalized exclusively and without comments."""
    data = tampered(
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"',
        f'<ds:CanonicalizationMethod Algorithm="{algorithm}"',
        signed="assertion",
    )
    refused(data, "saml_signature_profile", touched=False)


@pytest.mark.parametrize(
    "options",
    [
        {"method": f"{DS}rsa-sha1"},
        {"digest": f"{DS}sha1"},
        {"digest": "http://www.w3.org/2001/04/xmldsig-more#sha224"},
        {"method": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224"},
        {"method": "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1"},
    ],
)
def test_sr13_sha1(options: dict[str, str]) -> None:
    """SR-13, HS-15: SHA-1 and other unlisted algorithms, though the signature is right."""
    refused(genuine(signed="assertion", signature_options=options), "saml_algorithm", touched=False)


@pytest.mark.parametrize(
    "method",
    [
        f'<ds:SignatureMethod Algorithm="{DS}hmac-sha1"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>',
        (
            '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength>'
            "</ds:SignatureMethod>"
        ),
        (
            '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength>'
            "</ds:SignatureMethod>"
        ),
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/>',
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2009/xmldsig11#dsa-sha256"/>',
        '<ds:SignatureMethod Algorithm=""/>',
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2007/05/xmldsig-more#rsa-pss"/>',
    ],
)
def test_sr15_hmac(method: str) -> None:
    """SR-15, HS-15: HMAC, truncated or not, with the public key as secret or not."""
    old = '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
    refused(tampered(old, method, signed="assertion"), "saml_algorithm", touched=False)


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
def test_sr16_certificate_of_the_message(signed: str) -> None:
    """SR-16, HS-16: signed well, with the certificate at hand, but not by a pinned key."""
    stranger = rsa_key("stranger")
    message = genuine(signed=signed, key=stranger, signature_options={"key_info": x509_info(stranger)})
    refused(message, "saml_signature", touched=True)
    assert show(message, keys=(stranger.public_key(),)).assertion.subject
    foreign = genuine(signed=signed, signature_options={"key_info": x509_info(stranger)})
    assert show(foreign).assertion.subject  # never read: a certificate that is not the signer's changes nothing


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
@pytest.mark.parametrize("old", ["x7f-quirk", "ada@fabrikam.example", "PasswordProtectedTransport", stamp(NOW + 300)])
def test_hs19_changed_after_signing(signed: str, old: str) -> None:
    """HS-19: one changed character of what is covered, and the digest is wrong."""
    data = genuine(signed=signed).xml()
    refused(data.replace(old.encode(), old.encode()[:-1] + (b"Y" if old[-1] != "Z" else b"0Z"), 1), "saml_signature", "saml_time")


def test_hs19_every_signature_counts() -> None:
    """HS-19: one good signature does not excuse a bad one beside it."""
    data = genuine(signed="both").xml()
    assertion = data.index(b"<saml:Assertion")
    for start in (data.index(b"<ds:SignatureValue>"), data.index(b"<ds:SignatureValue>", assertion)):
        at = start + len(b"<ds:SignatureValue>") + 20
        changed = data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :]
        refused(changed, "saml_signature", touched=True)


@pytest.mark.parametrize("signed", ["assertion", "response"])
def test_sr17_key_of_another_partner(signed: str) -> None:
    """SR-17, HS-3: signed by partner B's key though both Issuers say A."""
    refused(genuine(signed=signed, key=rsa_key("b")), "saml_signature")


def test_ecdsa_and_rollover() -> None:
    """HS-15, HS-19: ECDSA keys; several pinned keys at once; no key at all."""
    p256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    p384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    keys = (rsa_key("b").public_key(), ec_key().public_key(), ec_key("secp384r1").public_key(), rsa_key().public_key())
    for key, method in ((ec_key(), p256), (ec_key("secp384r1"), p384)):
        message = genuine(key=key, signature_options={"method": method})
        assert show(message, keys=keys).assertion.subject
        refused(message, "saml_signature")
        refused(message, "saml_signature", keys=())
    assert show(genuine(), keys=keys).assertion.subject
    for size in ("384", "512"):
        options = {"method": f"http://www.w3.org/2001/04/xmldsig-more#rsa-sha{size}"}
        assert show(genuine(signature_options=options)).assertion.subject
    for size in ("256", "384", "512"):
        options = {"method": f"http://www.w3.org/2007/05/xmldsig-more#sha{size}-rsa-MGF1"}  # RFC 9231 2.3.10
        message = genuine(signature_options=options)
        assert show(message).assertion.subject
        refused(message, "saml_signature", keys=(rsa_key("b").public_key(), ec_key().public_key()))
    for digest in ("http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512"):
        assert show(genuine(signature_options={"digest": digest})).assertion.subject
