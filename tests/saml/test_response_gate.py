"""The gate: raw bytes and the closed vocabulary (HS-6 to HS-14), seen without keys."""

from __future__ import annotations

import sys

import pytest

from broker.connectors.saml.envelope import peek
from broker.connectors.saml.errors import ResponseRefused
from broker.domain.errors import BadRequest
from broker.saml.errors import SamlRefused
from broker.saml.parse import MAX_BYTES, decode, parse, unfold
from broker.saml.schema_gate import gate_assertion, gate_response
from broker.saml.vocabulary import PREFIXES
from tests.connectors.saml.idp import ACS, DS, IDP, REQUEST, attribute, encryption, genuine, rsa_key, show, x509_info

SAML = PREFIXES["saml"]

FULL = genuine(
    status='<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/><samlp:StatusMessage>fine</samlp:StatusMessage>',
    signature_options={"key_info": x509_info(rsa_key())},
    extra=attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "<saml:NameID>x</saml:NameID>", type_=None),
)


def refused(data: bytes, reason: str = "saml_structure") -> SamlRefused:
    """What the gate says."""
    with pytest.raises(SamlRefused) as caught:
        gate_response(data)
    assert caught.value.reason == reason, str(caught.value)
    return caught.value


def test_genuine_passes() -> None:
    """HS-9, HS-10: the tree's three starting points, of all three forms."""
    plain = gate_response(FULL.xml())
    assert plain.assertion is not None
    assert plain.encrypted is None
    assert plain.signature is plain.root[1]
    assert plain.assertion_signature is plain.assertion[1]
    hidden = gate_response(genuine(encrypt=encryption()).xml())
    assert hidden.assertion is None
    assert hidden.assertion_signature is None
    assert hidden.encrypted is not None
    own = gate_assertion(genuine(signed="none").assertion_xml().encode())
    assert own.root is own.assertion
    assert own.signature is None


def test_hs6_size() -> None:
    """HS-6: at most 256 KiB before and after decoding."""
    with pytest.raises(BadRequest, match="saml_decode"):
        decode("A" * (MAX_BYTES + 1))
    with pytest.raises(SamlRefused, match="HS-6"):
        parse(b"<a>" + b" " * MAX_BYTES + b"</a>")
    assert unfold("QUJD\r\nRA==") == b"ABCD"
    for bad in ("", "QUJD=", "QUJDRA=", "QUJDRA", "QUJDRA==QUJD", "QUJDRA===", "QU*D", "QÜJD"):
        assert unfold(bad) is None


@pytest.mark.parametrize(
    ("before", "good"),
    [
        (b"", True),
        (b"\n", True),
        (b"<?xml version='1.0'?>", True),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n', True),
        (b'<?xml version="1.0" encoding="utf-8" standalone="no" ?>', True),
        (b'<?xml version="1.0" encoding="utf-16"?>', False),
        (b'<?xml version="1.0" encoding="iso-8859-1"?>', False),
        (b'<?xml version="1.1" encoding="UTF-8"?>', False),
        (b"<?xml version='1.0'?><?xml version='1.0'?>", False),
        (b"\n<?xml version='1.0'?>", False),
        (b"<?xml-stylesheet href='http://127.0.0.1/'?>", False),
        (b"\xef\xbb\xbf", False),
        (b"<!DOCTYPE a>", False),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>', False),
        (b"<!-- -->", False),
        (b"x", False),
    ],
)
def test_hs7_prologue(before: bytes, good: bool) -> None:
    """HS-7: UTF-8 without mark, no other encoding, no DTD, comment or processing instruction."""
    data = before + FULL.xml()
    if good:
        gate_response(data)
    else:
        refused(data)


def test_hs7_encodings() -> None:
    """HS-7: UTF-16 in disguise and broken UTF-8 are refused as they are."""
    text = FULL.xml().decode()
    for data in (text.encode("utf-16"), text.encode("utf-16-le"), text.encode("utf-32"), text.replace("fine", "\x00").encode()):
        refused(data)
    for broken in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x1b"):
        refused(FULL.xml().replace(b"fine", broken))
    refused(FULL.xml() + b"<!-- -->")
    refused(FULL.xml() + b"x")
    gate_response(FULL.xml() + b"\n")


def test_hs8_elements() -> None:
    """HS-8: 5000 elements pass where the vocabulary allows them, more do not."""
    for count, good in ((4900, True), (5100, False)):
        data = genuine(signed="none", extra="<saml:Attribute Name='a'></saml:Attribute>" * count).xml()
        data = data.replace(b'<saml:Attribute Name="a"/>', b'<saml:Attribute Name="a"></saml:Attribute>')
        if good:
            gate_response(data)
        else:
            assert "elements" in refused(data).detail
    many = genuine(signed="none", extra='<saml:Attribute xmlns:a="u" xmlns:b="u" xmlns:c="u" Name="a"/>' * 4000).xml()
    assert "namespace declarations" in refused(many).detail


def test_hs9_root() -> None:
    """HS-9: the root is samlp:Response 2.0; every other message is refused."""
    for data in (b"<a/>", b"<Response/>", b'<Response xmlns="urn:other"/>', genuine().assertion_xml().encode()):
        assert "samlp:Response" in refused(data).detail
    for version in ("1.1", "2", "2.1", ""):
        for number in (1, 2):
            assert "Version" in refused(FULL.xml().replace(b'Version="2.0"', f'Version="{version}"'.encode(), number)).detail
    with pytest.raises(SamlRefused, match="HS-20"):
        gate_assertion(FULL.xml())


def test_hs11_tolerated() -> None:
    """HS-11: what is rare and allowed: both orders of statements, nil and empty values, nested status, locality, authorities."""

    def edit(text: str) -> str:
        start, end = text.index("<saml:AuthnStatement"), text.index("</saml:AuthnStatement>") + len("</saml:AuthnStatement>")
        authn = text[start:end].replace(
            "<saml:AuthnContext>", '<saml:SubjectLocality Address="192.0.2.1" DNSName="pc"/><saml:AuthnContext>', 1
        )
        authn = authn.replace(
            "</saml:AuthnContext>", "<saml:AuthenticatingAuthority>a</saml:AuthenticatingAuthority>" * 2 + "</saml:AuthnContext>"
        )
        text = text[:start] + text[end:]
        text = text.replace("</saml:AttributeStatement>", "</saml:AttributeStatement>" + authn)
        text = text.replace(
            "</saml:Conditions>",
            '<saml:OneTimeUse/><saml:ProxyRestriction Count="0"><saml:Audience>a</saml:Audience></saml:ProxyRestriction></saml:Conditions>',
        )
        return text.replace('Version="2.0"', 'Consent="urn:oasis:names:tc:SAML:2.0:consent:obtained" Version="2.0"', 1)

    nil = '<saml:Attribute Name="n"><saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></saml:Attribute>'
    others = (
        '<saml:Attribute Name="o" xmlns:x500="urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500" x500:Encoding="LDAP"/>'
        '<saml:Attribute Name="p" xmlns:a="http://schemas.xmlsoap.org/ws/2009/09/identity/claims" a:OriginalIssuer="x"/>'
    )
    assert show(genuine(edit=edit, extra=nil + others)).assertion.email == "ada@fabrikam.example"
    assert show(genuine(attributes="")).assertion.email is None


def test_hs11_issuer_format() -> None:
    """HS-11: an Issuer is an entity (prof 4.1.4.2)."""
    entity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
    data = FULL.xml().replace(b"<saml:Issuer>", f'<saml:Issuer Format="{entity}">'.encode())
    gate_response(data)
    refused(data.replace(entity.encode(), b"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"))
    refused(FULL.xml().replace(b"<saml:Issuer>", b'<saml:Issuer NameQualifier="x">'))


def test_hs14_prefix_lists() -> None:
    """HS-14: an InclusiveNamespaces list is allowed, within bounds."""
    ec = 'xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#"'
    for listed, good in (
        ("xs #default", True),
        ("", True),
        (" ".join(f"p{i}" for i in range(65)), False),
        ("a:b", False),
        ("#other", False),
    ):
        transforms = (
            '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
            '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">'
            f'<ec:InclusiveNamespaces {ec} PrefixList="{listed}"/></ds:Transform>'
        )
        message = genuine(signed="none").response_xml(
            genuine(signed="assertion", signature_options={"transforms": transforms}).assertion_xml()
        )
        data = message.replace("<ds:DigestValue/>", "<ds:DigestValue>x</ds:DigestValue>").encode()
        if good:
            gate_response(data)
            assert show(genuine(signature_options={"transforms": transforms})).assertion.subject
        else:
            refused(data, "saml_signature_profile")


def test_hs16_key_info_forms() -> None:
    """HS-16: KeyName, KeyValue and X509Data with plain content pass and are never read."""
    certificate = "<ds:X509Certificate>not even base64</ds:X509Certificate>"
    rsa = "<ds:RSAKeyValue><ds:Modulus>AQ==</ds:Modulus><ds:Exponent>Aw==</ds:Exponent></ds:RSAKeyValue>"
    for inner in (
        "<ds:KeyName>k</ds:KeyName>",
        f"<ds:KeyValue>{rsa}</ds:KeyValue>",
        f"<ds:X509Data>{certificate}{certificate}</ds:X509Data>",
        f"<ds:KeyName>k</ds:KeyName><ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName>{certificate}</ds:X509Data>",
        (
            "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber>"
            "</ds:X509IssuerSerial></ds:X509Data>"
        ),
        (
            '<ds:KeyValue><d:ECKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#"><d:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
            "<d:PublicKey>AQ==</d:PublicKey></d:ECKeyValue></ds:KeyValue>"
        ),
    ):
        data = FULL.xml().decode()
        start, end = data.index("<ds:KeyInfo>"), data.index("</ds:KeyInfo>") + len("</ds:KeyInfo>")
        inner_only = data[:start] + f"<ds:KeyInfo>{inner}</ds:KeyInfo>" + data[end:]
        gate_response(inner_only.encode())
    for inner in (
        "",
        "text",
        '<ds:RetrievalMethod URI="http://127.0.0.1/"/>',
        "<ds:X509Data/>",
        f"<ds:KeyValue>{rsa}{rsa}</ds:KeyValue>",
        '<ds:KeyName><a xmlns="u"/></ds:KeyName>',
        "<ds:MgmtData>x</ds:MgmtData>",
    ):
        refused((data[:start] + f"<ds:KeyInfo>{inner}</ds:KeyInfo>" + data[end:]).encode())


def test_hs17_peek() -> None:
    """HS-17: what finds the login, after the gate and before any key; nothing is parsed twice."""
    message = genuine(signed="assertion")
    envelope = peek(message.field())
    assert (envelope.in_response_to, envelope.destination, envelope.issuer) == (REQUEST, ACS, IDP)
    assert show(envelope).assertion.email == "ada@fabrikam.example"
    assert peek(genuine(in_response_to=None, destination=None).field()).in_response_to is None
    with pytest.raises(ResponseRefused, match="saml_structure"):
        peek("PGEvPg==")
    with pytest.raises(BadRequest, match="saml_decode"):
        peek("")
    assert DS not in repr(envelope)


def test_details_are_ours() -> None:
    """HT-18, HS-32: a refusal's detail names rule, element and side, and holds nothing that came."""
    for data in (
        b"<secretword/>",
        FULL.xml().replace(b"<saml:Subject>", b"<saml:Subject><secretword/>"),
        FULL.xml().replace(b"</saml:Subject>", b"</secretword>"),
    ):
        error = refused(data)
        assert "secretword" not in str(error)
        assert error.rule.startswith("HS-")
        assert error.detail.startswith(error.rule)


def test_hs2_in_process_on_the_one_tree() -> None:
    """HS-2: what is verified is the very tree that was parsed first and is read afterwards; no process, no file."""
    envelope = peek(genuine(signed="assertion").field())
    next(envelope.document.root.iter(f"{{{SAML}}}NameID")).text = "admin"
    with pytest.raises(ResponseRefused, match="saml_signature"):
        show(envelope)
    message, hidden = genuine(), genuine(encrypt=encryption())
    show(message)
    show(hidden)  # whatever is imported or loaded once is there now
    seen: list[str] = []
    watching = True

    def watch(event: str, _: object) -> None:
        if watching and event.split(".", maxsplit=1)[0] in {"open", "subprocess", "os", "tempfile", "socket", "shutil"}:
            seen.append(event)

    raw = message.field(), hidden.field()
    sys.addaudithook(watch)
    for text in raw:
        show(text)
    watching = False
    assert seen == []
