"""Attacks on a response, part three: subject, attributes, encodings and sizes (SR-36 to SR-43, RX-01, RX-03)."""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Callable

import pytest

from broker.domain.errors import BadRequest, PartnerUntrusted
from broker.saml.signature import verify
from tests.connectors.saml.idp import (
    IDP,
    MAIL,
    PERSISTENT,
    Counter,
    attribute,
    encryption,
    genuine,
    show,
)
from tests.connectors.saml.refusals import refused, replaced

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"


@pytest.mark.parametrize(
    "value", ["admin@x<!-- -->.evil", "<![CDATA[admin@x]]>.evil", "admin@x<?php ?>.evil", "&evil;", "admin<!--", "admin@x&#0;"]
)
def test_sr36_comments_and_cdata(value: str) -> None:
    """SR-36, HS-7: nothing splits a text: comments, CDATA, processing instructions and entities are refused."""
    data = genuine().xml()
    for old in (b"x7f-quirk", b"ada@fabrikam.example", IDP.encode()):
        refused(data.replace(old, value.encode(), 1), "saml_structure", touched=False)


@pytest.mark.parametrize("format_", ["transient", "encrypted", "entity"])
def test_sr38_transient(format_: str) -> None:
    """SR-38, HS-28: what is new with every login is no account key."""
    name_id = f'<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:{format_}">_abc</saml:NameID>'
    refused(genuine(name_id=name_id), "saml_nameid_format")
    mail = {"subject": "mail"}
    assert "ada@fabrikam.example" in show(genuine(name_id=name_id), view=mail).assertion.subject  # not the source: no matter


def test_sr39_no_name_id() -> None:
    """SR-39, HS-28: no NameID, an empty one, an encrypted one, one with white space around or inside its bytes."""
    refused(genuine(name_id=None), "saml_nameid", touched=False)
    refused(genuine(name_id=None, encrypt=encryption()), "saml_nameid")
    refused(genuine(name_id="<saml:EncryptedID/>"), "saml_nameid", "saml_structure", touched=False)
    for value in ("", " ", " x", "x ", "x\n", "x&#9;y", "x&#x85;y", "&#xA0;x", "x&#x2028;y", "x&#127;"):
        refused(genuine(name_id=f'<saml:NameID Format="{PERSISTENT}">{value}</saml:NameID>'), "saml_nameid")
    refused(genuine(name_id=f"<saml:NameID>{'x' * 1100}</saml:NameID>"), "saml_nameid")


def test_sr40_ambiguous() -> None:
    """SR-40, HS-29: two values of a claim that has one; one Name in two NameFormats."""
    refused(genuine(attributes=attribute(MAIL, "ada@fabrikam.example", "eve@fabrikam.example")), "claim_ambiguous")
    twice = attribute(MAIL, "ada@fabrikam.example") + attribute(MAIL, "eve@fabrikam.example")
    refused(genuine(attributes=twice), "claim_ambiguous")
    formats = attribute(MAIL, "ada@fabrikam.example") + attribute(MAIL, "ada@fabrikam.example", form=None)
    refused(genuine(attributes=formats), "claim_ambiguous")
    member_of = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"  # a claim that may have several values
    refused(genuine(extra=attribute(member_of, "a") + attribute(member_of, "b", form=None)), "claim_ambiguous")
    foreign = attribute("urn:other", "a") + attribute("urn:other", "b", form=None)
    assert show(genuine(extra=foreign)).assertion.email == "ada@fabrikam.example"  # dropped: nobody reads it


@pytest.mark.parametrize(
    "type_", ["saml:NameIDType", "ds:X509DataType", "xs:nonsense", "string", "xs:", "none:string", "xs:anyType xs:string"]
)
def test_sr41_types(type_: str) -> None:
    """SR-41, HS-29: an xsi:type that is not a simple one of XML Schema."""
    refused(genuine(attributes=attribute(MAIL, "ada@fabrikam.example", type_=type_)), "saml_attribute")
    assert show(genuine(extra=attribute("urn:unread", "x", type_=type_))).assertion.subject


@pytest.mark.parametrize(
    "type_",
    [
        None,
        "xs:string",
        "xs:anyType",
        "xs:anyURI",
        "xs:token",
        " xs:string\n",
        'string" xmlns="http://www.w3.org/2001/XMLSchema',
    ],
)
def test_sr41_simple_types(type_: str | None) -> None:
    """SR-41, HS-29: no type, a simple type or anyType is text; white space around it, or no prefix, is XML's own business."""
    assert (
        show(genuine(attributes=attribute(MAIL, "ada@fabrikam.example", type_=type_))).assertion.email == "ada@fabrikam.example"
    )


def test_sr41_child_elements() -> None:
    """SR-41, HS-11, HS-29: elements inside a value are only let through where nobody maps it, and those of SAML not even there."""
    for child in (
        "<saml:Issuer>x</saml:Issuer>",
        "x<saml:NameID>y</saml:NameID>",
        "<saml:NameID>y</saml:NameID><saml:NameID>y</saml:NameID>",
    ):
        refused(genuine(extra=attribute("urn:unread", child, type_=None)), "saml_structure", touched=False)
    for child in ("<saml:NameID>ada@fabrikam.example</saml:NameID>", "<b>ada@fabrikam.example</b>", "ada@<b/>fabrikam.example"):
        refused(genuine(attributes=attribute(MAIL, child, type_=None)), "saml_attribute")
    for child in ("<saml:NameID>y</saml:NameID>", "<b>x</b>", "x<b><c d='e'>y</c></b>z"):
        assert show(genuine(extra=attribute("urn:unread", child, type_=None))).assertion.subject


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: "",
        lambda raw: " \r\n",
        lambda raw: raw[:-4] + "!AAA",
        lambda raw: "-_" + raw[2:],
        lambda raw: raw.rstrip("=")[:-1],
        lambda raw: raw + "====",
        lambda raw: "=" + raw,
        lambda raw: raw[:40] + "=" + raw[40:],
        lambda raw: raw + "\x00",
        lambda raw: raw + "é",
        lambda raw: raw[:8] + "\x0b" + raw[8:],
        lambda raw: raw[:8] + "\u2003" + raw[8:],
        lambda raw: raw.replace("P", "%50"),
        lambda raw: base64.b64decode(raw).decode(),
        lambda raw: base64.b64encode(b"hello").decode(),
        lambda raw: base64.b64encode(b"{}").decode(),
        lambda raw: base64.b64encode(b"\n").decode(),
        lambda raw: base64.b64encode(b"A" * 200_000).decode(),
        lambda raw: "A" * 262_145,
    ],
    ids=[str(number) for number in range(19)],
)
def test_sr43_base64(change: Callable[[str], str]) -> None:
    """SR-43, HS-6: characters outside the alphabet, wrong padding, nothing, no XML, too much."""
    error = refused(change(genuine().field()), "saml_decode", touched=False)
    assert isinstance(error, BadRequest)


def test_sr43_line_breaks() -> None:
    """SR-43, HS-6: line breaks are legal (RFC 2045 6.8)."""
    raw = genuine().field()
    lines = "\r\n".join(raw[i : i + 76] for i in range(0, len(raw), 76))
    assert show(lines + "\r\n").assertion.subject


def test_rx01_deflate() -> None:
    """RX-01, HS-6: a POST is never inflated."""
    for data in (zlib.compress(genuine().xml())[2:-4], zlib.compress(b"<a>" + bytes(3_000_000)), b"\x1f\x8b\x08" + bytes(20)):
        error = refused(base64.b64encode(data).decode(), "saml_decode", touched=False)
        assert isinstance(error, BadRequest)


@pytest.mark.parametrize(
    "inner",
    [
        "<a>" * 10_000 + "</a>" * 10_000,
        "<a " + " ".join(f'a{i}=""' for i in range(25_000)) + "/>",
        "<a " + " ".join(f'xmlns:a{i}="u"' for i in range(9_000)) + "/>",
        "<a " + " ".join(f'xmlns:a{i}="u"' for i in range(11_000)) + "/>",
        "<a/>" * 40_000,
        "<samlp:StatusCode Value='x'>" * 200 + "</samlp:StatusCode>" * 200,
        "<a>" * 300 + "</a>" * 300,
        "<a>" * 33 + "</a>" * 33,
    ],
    ids=["deep", "attributes", "namespaces", "more namespaces", "wide", "status", "depth 300", "depth 33"],
)
def test_rx03_deep_or_wide(inner: str) -> None:
    """RX-03, HS-8: depth, number of elements and attributes, quickly."""
    data = genuine().xml().replace(b"</samlp:Status>", inner.encode() + b"</samlp:Status>")
    started = time.process_time()
    refused(data, "saml_structure", "saml_decode", touched=False)
    assert time.process_time() - started < 0.3


def test_hs8_namespaces_in_scope() -> None:
    """HS-8: what canonicalization must look through is bounded: 64 namespaces in scope of an element pass, 65 do not."""
    for count, good in ((50, True), (70, False)):
        declarations = " ".join(f'xmlns:n{i}="urn:n{i}"' for i in range(count))
        message = replaced("<saml:Conditions", f"<saml:Conditions {declarations}")
        if good:
            assert show(message).assertion.subject
        else:
            refused(message, "saml_structure", touched=False)


@pytest.mark.parametrize("other", ["<saml:EncryptedID/>", "<saml:BaseID/>"])
def test_sr39_another_identifier_has_its_own_reason(other: str) -> None:
    """SR-39, HS-28: an encrypted or unknown identifier in the place of the NameID is refused as a missing NameID."""
    error = refused(genuine(name_id=other), "saml_nameid", touched=False)
    assert "has no saml:NameID in plain text" in error.detail


def test_sr39_no_name_id_within_the_ciphertext() -> None:
    """SR-39, HS-28: where the assertion is encrypted, its NameID is missed before the signature within is verified."""
    verifier = Counter(verify)
    message = genuine(name_id=None, signed="assertion", encrypt=encryption())
    with pytest.raises(PartnerUntrusted) as caught:
        show(message, verifier=verifier)
    assert (caught.value.reason, verifier.calls) == ("saml_nameid", 0)


@pytest.mark.parametrize(
    ("format_", "word"),
    [
        (PERSISTENT, "persistent"),
        ("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "unspecified"),
        ("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "emailAddress"),
        ("urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName", "X509SubjectName"),
        ("urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName", "WindowsDomainQualifiedName"),
        ("urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos", "kerberos"),
        ("urn:x:words-of-the-partner", "another"),
        ("", "another"),
    ],
)
def test_hs28_staff_see_a_format_of_the_standard(format_: str, word: str) -> None:
    """HS-28: the account keeps the format as it came (core 8.3); staff see its last word, and never a text of the partner's own."""
    judged = show(genuine(name_id=f'<saml:NameID Format="{format_}">x7f-quirk</saml:NameID>')).assertion
    assert judged.subject_form == word
    assert json.loads(judged.subject)[0] == format_


@pytest.mark.parametrize("second", [attribute("urn:key", form="urn:other"), attribute("urn:key", "k2", form="urn:other")])
def test_hs29_the_account_in_two_formats(second: str) -> None:
    """HS-29: the attribute that names the account comes in one NameFormat, also where no claim reads it and one of both is empty."""
    refused(genuine(extra=attribute("urn:key", "k1") + second), "claim_ambiguous", view={"subject": "urn:key"})


def test_hs29_a_value_for_two_claims() -> None:
    """HS-29: one claim that the file names is enough to refuse a value that cannot be read, though another reads it by default."""
    message = genuine(extra=attribute("telephoneNumber", "<b>1</b>", type_=None))
    refused(message, "saml_attribute", view={"claims": {"email": "mail", "tel": "telephoneNumber"}, "ruled": lambda _: False})


def test_fb_13_an_attribute_that_is_called_as_the_name_id() -> None:
    """FB-13: where a claim is read from the NameID, an attribute of that name is not read, and so refuses nothing."""
    message = genuine(extra=attribute("name_id", "<b>x</b>", type_=None))
    assert show(message, view={"claims": {"email": "mail", "account": "name_id"}}).assertion.claims["account"] == "x7f-quirk"
