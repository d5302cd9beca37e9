"""Limits of the response's judges, each from both sides: the last that passes and the first that does not."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from broker.connectors.saml.envelope import peek
from broker.connectors.saml.errors import ResponseRefused
from broker.domain.errors import BadRequest
from broker.saml.decryption import in_context
from broker.saml.errors import SamlRefused
from broker.saml.parse import decode, parse
from broker.saml.schema_gate import gate_response
from broker.saml.times import seconds
from tests.connectors.saml.idp import (
    CBC128,
    DS,
    EXC_C14N,
    NOW,
    PERSISTENT,
    REQUEST,
    SHA256,
    TRANSFORMS,
    attribute,
    encryption,
    genuine,
    rsa_key,
    show,
    stamp,
)

SAML, XENC = "urn:oasis:names:tc:SAML:2.0:assertion", "http://www.w3.org/2001/04/xmlenc#"
PAIRWISE = "urn:oasis:names:tc:SAML:attribute:pairwise-id"


def refused(reason: str, message: Any, **options: Any) -> ResponseRefused:
    """The refusal, for this reason."""
    with pytest.raises(ResponseRefused) as caught:
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


@pytest.mark.parametrize(("said", "ends"), [(1, 1), (0, 60), (-1, 59), (-59, 1)])
def test_hs30_a_session_that_ends_by_their_clock(said: int, ends: int) -> None:
    """HS-27, HS-30: within the grace of clocks a session is short, but there is one: else the person goes round in circles."""
    assert show(genuine(session_until=stamp(NOW + said))).assertion.session_ends == NOW + ends


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


@pytest.mark.parametrize("version", ["1.1", "2", "2.00", ""])
def test_hs9_version_of_the_assertion(version: str) -> None:
    """HS-9: the Assertion says 2.0 by itself, whatever the Response around it says; encrypted too."""

    def edit(text: str) -> str:
        start = text.index("<saml:Assertion ")
        return text[:start] + text[start:].replace('Version="2.0"', f'Version="{version}"', 1)

    for message in (genuine(signed="assertion", edit=edit), genuine(signed="assertion", edit=edit, encrypt=encryption())):
        assert "Version of saml:Assertion" in refused("saml_structure", message).detail


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("name", "reason"), [("AuthnStatement", "saml_structure"), ("AttributeStatement", "claim_ambiguous")])
def test_hs10_one_statement_of_each(name: str, reason: str, turned: bool) -> None:
    """HS-10: one AuthnStatement, wherever it stands; what is mapped comes in one AttributeStatement: a second could be the one that is read."""

    def edit(text: str, copies: int) -> str:
        authn, attributes = (text.index(f"<saml:{statement}") for statement in ("AuthnStatement", "AttributeStatement"))
        parts = [text[authn:attributes], text[attributes : text.index("</saml:Assertion>")]]
        made = "".join(
            part * (copies if part.startswith(f"<saml:{name}") else 1) for part in (reversed(parts) if turned else parts)
        )
        return text.replace("".join(parts), made)

    assert show(genuine(edit=lambda text: edit(text, 1))).assertion.email == "ada@fabrikam.example"
    refused(reason, genuine(edit=lambda text: edit(text, 2)))


@pytest.mark.parametrize("encrypt", [None, encryption()])
def test_hs31_an_assertion_has_an_id(encrypt: Any) -> None:
    """HS-10, HS-31, SR-22: without an ID an assertion could not be told from its replay, though only the Response must be signed."""
    message = genuine(signed="response", encrypt=encrypt, edit=lambda text: text.replace(' ID="_assertion-1"', "", 1))
    assert "saml:Assertion has no ID" in refused("saml_structure", message, view={"signed": "response"}).detail


@pytest.mark.parametrize("beside", [True, False])
def test_hs20_type_of_the_data(beside: bool) -> None:
    """HS-20: it is the EncryptedData whose Type must be an element, wherever the key stands; what a key says of itself is no matter."""
    data = genuine(signed="none", encrypt=encryption(beside=beside)).xml().decode()
    own = f'Id="_ed" Type="{XENC}Element"'
    for wrong in (f"{XENC}Content", ""):
        changed = data.replace(own, f'Id="_ed" Type="{wrong}"').encode()
        assert refused("saml_structure", changed).rule == "HS-20"
    gate_response(data.replace(own, 'Id="_ed"').encode())
    gate_response(data.replace('Id="_ek"', f'Id="_ek" Type="{XENC}EncryptedKey"').encode())


@pytest.mark.parametrize("beside", [True, False])
def test_hs20_one_ciphertext(beside: bool) -> None:
    """HS-13, HS-20: one EncryptedData, however the second is written: with one key for both, or with none."""
    message = genuine(signed="none", encrypt=encryption(beside=beside))
    data = etree.fromstring(message.xml())
    [encrypted] = data.iter(f"{{{XENC}}}EncryptedData")
    second = deepcopy(encrypted)
    del second.attrib["Id"]
    for info in list(second.iter(f"{{{DS}}}KeyInfo")):
        info.getparent().remove(info)
    for add in (encrypted.addnext, encrypted.addprevious):
        add(second)
        assert "saml:EncryptedAssertion must hold exactly" in refused("saml_structure", etree.tostring(data)).detail


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


@pytest.mark.parametrize("conditions", ["<saml:Conditions/>", "<saml:Conditions><saml:OneTimeUse/></saml:Conditions>"])
def test_sr21_no_audience_is_named(conditions: str) -> None:
    """SR-21, HS-25: Conditions without an AudienceRestriction is saml_audience, by name."""
    assert refused("saml_audience", genuine(conditions=conditions)).rule == "HS-25"


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


def test_receipts_name_what_is_allowed() -> None:
    """HS-32: a refusal of an attribute lists the ones that may stand there, by their local names; one of a signature names the parts."""
    for old, new, said in (
        ("<saml:Subject>", "<saml:Subject a='b'>", "saml:Subject has an attribute that is not allowed there; allowed: none"),
        ("<saml:AttributeValue ", "<saml:AttributeValue a='b' ", "there; allowed: type, nil"),
        ("<saml:SubjectConfirmation ", "<saml:SubjectConfirmation a='b' ", "there; allowed: Method"),
        (
            "<saml:Attribute Name=",
            "<saml:Attribute Other=",
            "; allowed: Name, NameFormat, FriendlyName, Encoding, OriginalIssuer",
        ),
        (
            ' Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"',
            "",
            "saml:SubjectConfirmation has no Method; the partner must send it",
        ),
    ):
        data = genuine(signed="none").xml().decode()
        assert old in data
        assert refused("saml_structure", data.replace(old, new, 1).encode()).detail.endswith(said)
    for wanted, parts in (
        ("both", "Response and Assertion"),
        ("either", "the Response or the Assertion"),
        ("response", "the Response"),
        ("assertion", "the Assertion"),
    ):
        detail = refused("saml_unsigned", genuine(signed="none"), view={"signed": wanted}).detail
        assert detail.startswith(f"HS-19: {parts} must be signed")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<saml:Subject>", "<saml:Subject>x", "saml:Subject holds text; it must hold saml:NameID? saml:SubjectConfirmation"),
        ("</saml:Audience>", "</saml:Audience><saml:Issuer/>", "saml:AudienceRestriction must hold exactly, in this order: saml:Audience+"),
        ("</saml:Audience>", "<saml:Issuer/></saml:Audience>", "saml:Audience must hold exactly, in this order: text"),
        ("</saml:Conditions>", "<saml:OneTimeUse>x</saml:OneTimeUse></saml:Conditions>", "saml:OneTimeUse holds text; it must hold nothing"),
        ("</saml:NameID>", "</saml:NameID>x", "saml:Subject holds text between its elements"),
        ('Success"/>', 'Success"><samlp:Status/></samlp:StatusCode>', "samlp:StatusCode must hold exactly, in this order: samlp:StatusCode?"),
    ],
)  # fmt: skip
def test_receipts_name_what_an_element_holds(old: str, new: str, said: str) -> None:
    """HS-32: what must stand in an element is told in the names of the standards, in the order in which it must stand."""
    data = genuine(signed="none").xml().decode()
    assert old in data
    assert refused("saml_structure", data.replace(old, new, 1).encode()).detail == f"HS-11: {said}"


@pytest.mark.parametrize("size", [128, 192, 256])
@pytest.mark.parametrize("form", [f"{XENC}aes{{}}-cbc", "http://www.w3.org/2009/xmlenc11#aes{}-gcm"])
def test_hs20_sizes_of_aes(form: str, size: int) -> None:
    """HS-20: every size of key, in both modes, under a signed Response."""
    assert show(genuine(signed="response", encrypt=encryption(algorithm=form.format(size)))).assertion.subject


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("mask", ["sha1", "sha256", "sha384", "sha512"])
def test_hs20_digests_of_oaep(digest: str, mask: str) -> None:
    """HS-20: digest and mask of OAEP, each with each (XML Encryption 1.1 5.5.2)."""
    wrap = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
    assert show(genuine(encrypt=encryption(wrap=wrap, digest=digest, mask=mask))).assertion.subject


@pytest.mark.parametrize("turned", [False, True])
def test_hs20_one_digest_and_one_mask(turned: bool) -> None:
    """HS-13, HS-20: digest and mask of OAEP in either order, each at most once: a second would be the one that counts, or not."""

    def encrypt(plain: bytes, more: str) -> str:
        text = encryption(wrap="http://www.w3.org/2009/xmlenc11#rsa-oaep", digest="sha384", mask="sha256")(plain)
        digest, mask = (
            text[text.index(f"<{name} ") : text.index("/>", text.index(f"<{name} ")) + 2]
            for name in ("ds:DigestMethod", "xenc11:MGF")
        )
        made = {"": [digest, mask], "digest": [digest, digest, mask], "mask": [digest, mask, mask]}[more]
        return text.replace(digest + mask, "".join(reversed(made) if turned else made))

    assert show(genuine(encrypt=lambda plain: encrypt(plain, ""))).assertion.subject
    for more in ("digest", "mask"):
        message = genuine(encrypt=lambda plain, more=more: encrypt(plain, more))
        assert "xenc:EncryptionMethod must hold exactly" in refused("saml_structure", message).detail


def test_hs20_nothing_in_a_cipher_value() -> None:
    """HS-20: an empty CipherValue, of the key or of the data, is no base64."""
    data = genuine(signed="assertion", encrypt=encryption()).xml().decode()
    for number in (0, 1):
        parts = data.split("<xenc:CipherValue>")
        parts[number + 1] = parts[number + 1][parts[number + 1].index("</xenc:CipherValue>") :]
        error = refused("saml_structure", "<xenc:CipherValue>".join(parts).encode())
        assert "CipherValue is not base64" in error.detail


def test_hs20_a_default_namespace_further_in() -> None:
    """HS-20: what a child declares is no declaration of the root's: the root still gets its own back."""
    scope: dict[str | None, str] = {None: "urn:default"}
    assert in_context(b'<X><Y xmlns="urn:y"/></X>', scope) == b'<X xmlns="urn:default"><Y xmlns="urn:y"/></X>'
    assert in_context(b'<X a="b" xmlns="urn:x"><Y/></X>', scope) == b'<X a="b" xmlns="urn:x"><Y/></X>'


def test_hs30_context_and_its_authorities() -> None:
    """HS-30: acr is the AuthnContextClassRef, however many authorities stand behind it."""
    old = "</saml:AuthnContextClassRef>"
    authorities = "<saml:AuthenticatingAuthority>https://refeds.org/profile/mfa</saml:AuthenticatingAuthority>" * 2
    judged = show(genuine(edit=lambda text: text.replace(old, old + authorities)))
    assert judged.assertion.acr == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


def test_hs21_what_is_empty_and_how_late() -> None:
    """HS-21, HS-27: an attribute without values makes no claim; the partner's clock, seen from ours, for doctor."""
    member_of = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"
    for empty in (attribute(member_of), attribute(member_of, "")):
        assertion = show(genuine(extra=empty)).assertion
        assert "groups" not in assertion.claims
        assert member_of in assertion.arrived
    assert show(genuine()).assertion.skew == -3
    assert show(genuine(inner_issued=stamp(NOW + 7))).assertion.skew == 7


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"issued": stamp(NOW - 999)},
            "HS-27: IssueInstant of samlp:Response is not between 300 seconds ago and 60 seconds ahead",
        ),
        ({"issued": stamp(NOW - 999)}, "(IssueInstant -999)"),
        ({"inner_issued": stamp(NOW + 999)}, "HS-27: IssueInstant of saml:Assertion is not between"),
        ({"inner_issued": stamp(NOW + 999)}, "(IssueInstant +999)"),
        ({"issued": "x"}, "IssueInstant of samlp:Response is no time"),
        ({"inner_issued": "x"}, "IssueInstant of saml:Assertion is no time"),
        ({"authn_instant": "x"}, "AuthnInstant is no time"),
        ({"authn_instant": stamp(NOW + 99)}, "AuthnInstant of saml:AuthnStatement lies ahead"),
        ({"session_until": "x"}, "SessionNotOnOrAfter is no time"),
        ({"session_until": stamp(NOW - 99)}, "SessionNotOnOrAfter of saml:AuthnStatement is over"),
        ({"not_before": "x"}, "NotBefore of saml:Conditions is no time"),
        ({"not_before": stamp(NOW + 99)}, "NotBefore of saml:Conditions lies ahead"),
        ({"not_on_or_after": "x"}, "NotOnOrAfter of saml:Conditions is no time"),
        ({"not_on_or_after": stamp(NOW - 99)}, "NotOnOrAfter of saml:Conditions is over"),
        ({"not_on_or_after": None}, "saml:Conditions has no NotOnOrAfter"),
        ({"confirm_until": "x"}, "NotOnOrAfter of saml:SubjectConfirmationData is no time"),
        ({"confirm_until": stamp(NOW - 99)}, "NotOnOrAfter of saml:SubjectConfirmationData is over"),
        ({"confirm_until": None}, "saml:SubjectConfirmationData has no NotOnOrAfter"),
    ],
)
def test_hs27_receipts_name_the_time(changes: dict[str, Any], said: str) -> None:
    """HS-27, HS-32: which of the times it was, so that whoever sets a clock knows what to look at."""
    assert said in refused("saml_time", genuine(**changes)).detail


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"in_response_to": "_x"}, "saml_in_response_to", "InResponseTo of samlp:Response must be"),
        ({"inner_in_response_to": "_x"}, "saml_in_response_to", "InResponseTo of saml:SubjectConfirmationData must be"),
        ({"destination": "https://x.example"}, "saml_destination", "and is https://x.example; "),
        ({"recipient": "https://x.example"}, "saml_destination", "and is https://x.example; "),
    ],
)
def test_hs32_receipts_name_the_element(changes: dict[str, Any], reason: str, said: str) -> None:
    """HS-32: which of two elements said it."""
    assert said in refused(reason, genuine(**changes)).detail
