"""Limits of the response's judges, each from both sides: the last that passes and the first that does not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from broker.connectors.saml.decode import decode, parse
from broker.connectors.saml.errors import SamlRefused
from broker.connectors.saml.gate import gate_response
from broker.connectors.saml.peek import peek
from broker.connectors.saml.times import seconds
from broker.domain.errors import BadRequest
from tests.connectors.saml.idp import CBC128, EXC_C14N, NOW, PERSISTENT, attribute, encryption, genuine, rsa_key, show, stamp

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
PAIRWISE = "urn:oasis:names:tc:SAML:attribute:pairwise-id"


def refused(reason: str, message: Any, **options: Any) -> SamlRefused:
    """The refusal, for this reason."""
    with pytest.raises(SamlRefused) as caught:
        show(message, **options)
    assert caught.value.reason == reason, str(caught.value)
    return caught.value


def test_hs19_keys_that_are_tried() -> None:
    """HS-19: eight keys of the partner are tried for a signature, and no ninth: that is what a rollover can need."""
    others = tuple(ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(8))
    message = genuine(signed="assertion")
    assert show(message, keys=(*others[:7], rsa_key().public_key())).assertion.subject
    refused("saml_signature", message, keys=(*others, rsa_key().public_key()))


def test_sr32_years() -> None:
    """SR-32, HS-27: times from 1970 to 2199; what lies beyond is a placeholder."""
    assert show(genuine(session_until="2199-12-31T23:59:59Z")).assertion.session_ends == 7_258_118_399
    refused("saml_time", genuine(session_until="2200-01-01T00:00:00Z"))
    assert show(genuine(not_before="1970-01-01T00:00:00Z")).assertion.subject
    refused("saml_time", genuine(not_before="1969-12-31T23:59:59Z"))
    assert seconds("2027-01-15T08:00:00.999999999Z", "x") == NOW  # fractions are dropped, not rounded


def test_hs17_an_envelope_prints_no_message() -> None:
    """HS-17: in a log an envelope shows what finds the login, and no tree."""
    envelope = peek(genuine(signed="assertion").field())
    assert repr(envelope).startswith("Envelope(in_response_to=")
    assert "document" not in repr(envelope)


def test_hs27_edges_of_a_second() -> None:
    """HS-27: an IssueInstant of 300 seconds ago counts, of 301 not; ends count until the 60th second of grace."""
    for name in ("issued", "inner_issued"):
        assert show(genuine(**{name: stamp(NOW - 300)})).assertion.subject
        assert show(genuine(**{name: stamp(NOW + 60)})).assertion.subject
        refused("saml_time", genuine(**{name: stamp(NOW - 301)}))
        refused("saml_time", genuine(**{name: stamp(NOW + 61)}))


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


def test_hs20_keys_that_are_tried() -> None:
    """HS-20: four keys of ours are tried for a ciphertext, and no fifth."""
    message = genuine(encrypt=encryption())
    others = tuple(rsa_key(name) for name in ("o1", "o2", "o3"))
    assert show(message, decryption_keys=(*others, rsa_key("broker"))).assertion.subject
    refused("saml_encryption", message, decryption_keys=(*others, rsa_key("b"), rsa_key("broker")))


@pytest.mark.parametrize("pad", [1, 2, 15, 16])
def test_hs20_every_padding(pad: int) -> None:
    """HS-20: one byte of padding to a whole block (XML Encryption 1.1 5.2), whatever the other bytes are."""

    def encrypt(plain: bytes) -> str:
        spaces = b" " * ((16 - pad - len(plain)) % 16)
        return encryption(algorithm=CBC128, raw=True)(plain + spaces + b"x" * (pad - 1) + bytes([pad]))

    assert show(genuine(signed="response", encrypt=encrypt)).assertion.subject


def test_hs28_longest_subject() -> None:
    """HS-28: a subject of 1024 characters with all that qualifies it."""
    short = show(genuine(name_id="<saml:NameID>x</saml:NameID>")).assertion.subject
    longest = "x" * (1024 - len(short) + 1)
    assert len(show(genuine(name_id=f"<saml:NameID>{longest}</saml:NameID>")).assertion.subject) == 1024
    refused("saml_nameid", genuine(name_id=f"<saml:NameID>{longest}x</saml:NameID>"))


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (f"{'x' * 127}@fabrikam.example", True),
        (f"{'x' * 128}@fabrikam.example", False),
        (f"a@{'s' * (127 - len('.fabrikam.example'))}.fabrikam.example", True),
        (f"a@{'s' * (128 - len('.fabrikam.example'))}.fabrikam.example", False),
        ("a=-9@fabrikam.example", True),
        ("a@-fabrikam.example", False),
        ("a@fabrikam.example@", False),
        ("=a@fabrikam.example", False),
    ],
)
def test_hs28_subject_identifiers(value: str, good: bool) -> None:
    """HS-28: an identifier and a scope of 127 characters each (SAML subject identifier profile 3.3.1)."""
    message, view = genuine(extra=attribute(PAIRWISE, value)), {"subject": "pairwise-id", "domains": ()}
    if good:
        assert json.loads(show(message, view=view).assertion.subject) == [PAIRWISE, value]
    else:
        refused("saml_attribute", message, view=view)


def test_hs28_white_space_and_controls() -> None:
    """HS-28: C0, C1 and the two separators inside a NameID; what merely looks odd is kept."""
    for code in (0x7F, 0x80, 0x9F, 0x2028, 0x2029, 0x09, 0x0A, 0x0D):
        refused("saml_nameid", genuine(name_id=f'<saml:NameID Format="{PERSISTENT}">x&#{code};y</saml:NameID>'))
    for code in (0x20, 0x7E, 0xA0, 0x2027, 0x202A):
        assert show(genuine(name_id=f'<saml:NameID Format="{PERSISTENT}">x&#{code};y</saml:NameID>')).assertion.subject
