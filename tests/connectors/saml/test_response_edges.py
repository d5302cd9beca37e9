"""Limits of the response's judges, each from both sides: the last that passes and the first that does not."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from broker.connectors.saml.envelope import peek
from broker.domain.errors import BadRequest
from broker.saml.errors import SamlRefused
from broker.saml.parse import decode, parse
from broker.saml.schema_gate import gate_response
from tests.connectors.saml.edges import SAML, refused
from tests.connectors.saml.idp import (
    EXC_C14N,
    REQUEST,
    SHA256,
    TRANSFORMS,
    attribute,
    encryption,
    genuine,
    rsa_key,
    show,
)


def test_hs19_keys_that_are_tried() -> None:
    """HS-19: eight keys of the partner are tried for a signature, and no ninth: that is what a rollover can need."""
    others = tuple(ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(8))
    message = genuine(signed="assertion")
    assert show(message, keys=(*others[:7], rsa_key().public_key())).assertion.subject
    refused("saml_signature", message, keys=(*others, rsa_key().public_key()))


def test_hs17_an_envelope_prints_no_message() -> None:
    """HS-17: in a log an envelope shows what finds the login, and no tree."""
    envelope = peek(genuine(signed="assertion").field())
    assert repr(envelope).startswith("Envelope(in_response_to=")
    assert "document" not in repr(envelope)


def test_hs6_last_byte() -> None:
    """HS-6: 262,144 characters of base64 and as many bytes of XML, and not one more."""
    assert len(decode(base64.b64encode(b"<" + bytes(196_607)).decode())) == 196_608
    with pytest.raises(BadRequest, match="longer than 262144"):
        decode(base64.b64encode(b"<" + bytes(196_610)).decode())
    assert parse(b"<a>" + b" " * (262_144 - 7) + b"</a>").tag == "a"
    with pytest.raises(SamlRefused, match="HS-6"):
        parse(b"<a>" + b" " * (262_144 - 6) + b"</a>")


@pytest.mark.parametrize(("data", "good"), [(b"\r\n\t <a/>", True), (b"\xef\xbb\xbf<a/>", True), (b"X<a/>", False), (b"<", True)])
def test_hs6_what_looks_like_xml(data: bytes, good: bool) -> None:
    """HS-6: white space or a byte order mark may stand before the first tag when a field is told from what is no XML at all."""
    text = base64.b64encode(data).decode()
    if good:
        assert decode(text) == data
    else:
        with pytest.raises(BadRequest, match="holds no XML"):
            decode(text)


def test_hs8_last_element_and_declaration() -> None:
    """HS-8: 10,000 tags and 10,000 namespace declarations, and not one more."""
    assert len(parse(b"<a>" + b"<b></b>" * 4_999 + b"</a>")) == 4_999
    with pytest.raises(SamlRefused, match="elements"):
        parse(b"<a>" + b"<b></b>" * 4_999 + b"<b/></a>")
    assert parse(b"<a>" + b"xmlns" * 10_000 + b"</a>").text
    with pytest.raises(SamlRefused, match="namespace declarations"):
        parse(b"<a>" + b"xmlns" * 10_001 + b"</a>")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"<a>\xff</a>", "HS-7"),
        (b"<a>\xed\xa0\x80</a>", "HS-7"),
        (b"\xef\xbb\xbf<a/>", "HS-7"),
        (b"<a><b></a>", "HS-8"),
        (b"<a", "HS-8"),
        (b"<a:b/>", "HS-8"),
        (b"<a>" * 257 + b"</a>" * 257, "HS-8"),
        (b"<a b='" + b"x" * 200_000 + b"' b='y'/>", "HS-8"),
    ],
)
def test_hs8_what_no_tree_is_made_of(data: bytes, rule: str) -> None:
    """HS-7, HS-8: the parser repairs nothing, keeps its limit of depth, and what is not UTF-8 does not reach it."""
    with pytest.raises(SamlRefused) as caught:
        parse(data)
    assert caught.value.rule == rule


@pytest.mark.parametrize(("count", "good"), [(64, True), (65, False)])
def test_hs8_last_namespace(count: int, good: bool) -> None:
    """HS-8: 64 namespaces in scope of one element, its own and its ancestors'; many in all are no matter."""
    there = len(etree.fromstring(genuine(signed="none").xml()).find(f".//{{{SAML}}}Conditions").nsmap)
    more = " ".join(f'xmlns:n{i}="urn:n{i}"' for i in range(count - there))
    message = genuine(signed="none", edit=lambda text: text.replace("<saml:Conditions", f"<saml:Conditions {more}", 1))
    if good:
        gate_response(message.xml())
    else:
        assert "namespaces in scope" in refused("saml_structure", message).detail
    gate_response(genuine(extra=attribute("n", *["x"] * 80)).xml())


@pytest.mark.parametrize(("length", "good"), [(256, True), (257, False)])
def test_hs13_longest_id(length: int, good: bool) -> None:
    """HS-13: an ID of 256 characters."""
    message = genuine(assertion_id="_" + "x" * (length - 1))
    if good:
        assert show(message).assertion_id == message.assertion_id
    else:
        refused("saml_structure", message)


@pytest.mark.parametrize(("count", "good"), [(64, True), (65, False)])
def test_hs14_longest_prefix_list(count: int, good: bool) -> None:
    """HS-14: 64 prefixes in a PrefixList."""
    listed = " ".join(f"p{i}" for i in range(count))
    transforms = (
        '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
        f'<ds:Transform Algorithm="{EXC_C14N}"><ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{listed}"/></ds:Transform>'
    )
    message = genuine(signature_options={"transforms": transforms})
    if good:
        assert show(message).assertion.subject
    else:
        refused("saml_signature_profile", message)


@pytest.mark.parametrize("text", ["X", "x", ".", "\u00a0", "\u2003", "\u200b"])
def test_hs11_white_space_is_four_characters(text: str) -> None:
    """HS-11: between elements stands XML's white space, and nothing that merely looks like it (XML 1.0 2.3)."""
    data = genuine(signed="none").xml()
    for place in (b"<samlp:Status>", b"</saml:Issuer>", b"</samlp:Status>"):
        gate_response(data.replace(place, place + b" \t\r\n", 1))
        refused("saml_structure", data.replace(place, place + text.encode(), 1))


def test_hs12_the_count_stands_by_itself() -> None:
    """HS-12: elements that carry or use an ID are counted first, wherever they stand; the receipt names that rule, not a later one."""
    response = genuine(signed="none", has_assertion=False).xml()
    plain, hidden = genuine(signed="none"), genuine(signed="none", encrypt=encryption())
    assertion, signed = plain.assertion_xml().encode(), genuine(signed="assertion").xml()
    ciphertext = encryption()(assertion).encode()
    key = ciphertext[ciphertext.index(b"<xenc:EncryptedKey") : ciphertext.index(b"</xenc:EncryptedKey>") + 20]
    signature = signed[signed.index(b"<ds:Signature ") : signed.index(b"</ds:Signature>") + 15]
    for end, more in (
        (b"</samlp:Response>", response),
        (b"</samlp:Response>", assertion.replace(b"_assertion-1", b"_assertion-2")),
        (b"</samlp:Response>", ciphertext),
        (b"</saml:Assertion>", signature + signature),
        (b"</samlp:Response>", signature + signature),
        (b"</samlp:Status>", signature),
        (b"</saml:Subject>", signature),
    ):
        assert refused("saml_structure", plain.xml().replace(end, more + end)).rule == "HS-12", more
    for end, more in ((b"</samlp:Response>", ciphertext), (b"</samlp:Status>", assertion), (b"</saml:EncryptedAssertion>", key)):
        assert refused("saml_structure", hidden.xml().replace(end, more + end)).rule == "HS-12", more
    for more in (assertion, ciphertext):
        assert refused("saml_structure", response.replace(b"</samlp:Status>", more + b"</samlp:Status>")).rule == "HS-12"


@pytest.mark.parametrize(
    ("old", "new", "reason", "rule"),
    [
        ("</saml:AudienceRestriction>", "</saml:AudienceRestriction><saml:Condition/>", "saml_structure", "HS-11"),
        ("<saml:AudienceRestriction>", "<saml:OneTimeUse/><saml:AudienceRestriction>", "saml_structure", "HS-11"),
        ("<saml:NameID ", "<saml:BaseID/><saml:NameID ", "saml_structure", "HS-11"),
        ("</saml:NameID>", "</saml:NameID><saml:NameID>y</saml:NameID>", "saml_structure", "HS-11"),
        ("<saml:SubjectConfirmation ", "<saml:EncryptedID/><saml:SubjectConfirmation ", "saml_structure", "HS-11"),
        (f'InResponseTo="{REQUEST}"/>', f'InResponseTo="{REQUEST}"><saml:Other/></saml:SubjectConfirmationData>', "saml_structure", "HS-11"),
        ("<ds:DigestValue>", "<ds:DigestValue>x</ds:DigestValue><ds:DigestValue>", "saml_signature_profile", "HS-14"),
        ("<ds:DigestValue>", "<ds:DigestValue a='b'>", "saml_signature_profile", "HS-14"),
        ("<ds:SignatureMethod ", "<ds:SignatureMethod a='b' ", "saml_algorithm", "HS-15"),
        ("<ds:Transforms>", "<ds:Transforms>x", "saml_signature_profile", "HS-14"),
        ("</ds:Transforms>", "</ds:Transforms>x", "saml_signature_profile", "HS-14"),
        ('<ds:Reference URI="#_assertion-1">', "<ds:Reference>", "saml_signature_profile", "HS-14"),
        (f'<ds:DigestMethod Algorithm="{SHA256}"/>', "", "saml_signature_profile", "HS-14"),
        ("</ds:Transforms>", f"</ds:Transforms><ds:Transforms>{TRANSFORMS}</ds:Transforms>", "saml_signature_profile", "HS-14"),
    ],
)  # fmt: skip
def test_the_precise_word(old: str, new: str, reason: str, rule: str) -> None:
    """SR-21, SR-34, SR-39: a reason of its own where one rule has it, and only there; what stands wrong elsewhere is structure."""
    data = genuine(signed="assertion").xml().decode()
    start = data.index("<saml:Assertion ")
    assert old in data[start:]
    assert refused(reason, (data[:start] + data[start:].replace(old, new, 1)).encode()).rule == rule


@pytest.mark.parametrize(
    "first",
    [
        EXC_C14N,
        f"{EXC_C14N}WithComments",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "",
    ],
)
def test_sr12_the_first_transform(first: str) -> None:
    """SR-12, HS-14: the first of the two transforms takes the signature out; with any other there the second alone is not enough."""
    data = genuine(signed="assertion").xml().replace(b"http://www.w3.org/2000/09/xmldsig#enveloped-signature", first.encode())
    assert refused("saml_signature_profile", data).rule == "HS-14"
