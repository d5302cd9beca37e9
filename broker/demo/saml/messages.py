"""SAML messages of a partner, written as text from the standard (saml-core, saml-profiles 4.1), signed and encrypted here.

Nothing of the broker's own reader is used: what the two have in common is the standard.
"""

from __future__ import annotations

import base64
import copy
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

SAMLP, SAML = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
DS, XENC = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmlenc#"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
LIFE = 300  # seconds that an assertion counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response in its parts. Times: seconds since 1970. attributes: Name on the wire -> value."""

    issuer: str
    destination: str
    recipient: str
    audience: str
    in_response_to: str | None
    response_id: str
    assertion_id: str
    name_id: str
    now: int
    authn_instant: int
    session_index: str = "_session"
    name_id_format: str = PERSISTENT
    context: str = PASSWORD
    attributes: Mapping[str, str] = field(default_factory=dict)


def new_id() -> str:
    """An ID of 128 random bits; an NCName begins with no digit."""
    return f"_{os.urandom(16).hex()}"


def stamp(seconds: int) -> str:
    """xs:dateTime in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def assertion(a: Answer) -> str:
    """The Assertion, unsigned."""
    answers = f' InResponseTo="{escape(a.in_response_to)}"' if a.in_response_to else ""
    values = "".join(
        f'<saml:Attribute Name="{escape(name)}" NameFormat="{_URI}"><saml:AttributeValue>{escape(value)}</saml:AttributeValue></saml:Attribute>'
        for name, value in a.attributes.items()
    )
    return (
        f'<saml:Assertion xmlns:saml="{SAML}" ID="{a.assertion_id}" Version="2.0" IssueInstant="{stamp(a.now)}">'
        f"<saml:Issuer>{escape(a.issuer)}</saml:Issuer>"
        f'<saml:Subject><saml:NameID Format="{a.name_id_format}">{escape(a.name_id)}</saml:NameID>'
        f'<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData{answers} '
        f'NotOnOrAfter="{stamp(a.now + LIFE)}" Recipient="{escape(a.recipient)}"/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{stamp(a.now - 30)}" NotOnOrAfter="{stamp(a.now + LIFE)}"><saml:AudienceRestriction>'
        f"<saml:Audience>{escape(a.audience)}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{stamp(a.authn_instant)}" SessionIndex="{a.session_index}"><saml:AuthnContext>'
        f"<saml:AuthnContextClassRef>{escape(a.context)}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
        + (f"<saml:AttributeStatement>{values}</saml:AttributeStatement>" if values else "")
        + "</saml:Assertion>"
    )


def response(a: Answer, inner: str, *, status: str = f'<samlp:StatusCode Value="{SUCCESS}"/>') -> str:
    """The Response around `inner`, unsigned."""
    answers = f' InResponseTo="{escape(a.in_response_to)}"' if a.in_response_to else ""
    return (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{a.response_id}" Version="2.0" IssueInstant="{stamp(a.now)}" '
        f'Destination="{escape(a.destination)}"{answers}><saml:Issuer>{escape(a.issuer)}</saml:Issuer>'
        f"<samlp:Status>{status}</samlp:Status>{inner}</samlp:Response>"
    )


def sign(xml: str, key: rsa.RSAPrivateKey, *, certificate: str | None = None, sha1: bool = False) -> str:
    """The root signed as saml-core 5.4 wants it: enveloped, behind Issuer, over its ID. certificate: base64 for KeyInfo."""
    root = etree.fromstring(xml)
    method = f"{DS}rsa-sha1" if sha1 else RSA_SHA256
    info = (
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        if certificate
        else ""
    )
    place = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC}"/><ds:SignatureMethod Algorithm="{method}"/>'
        f'<ds:Reference URI="#{root.get("ID")}"><ds:Transforms><ds:Transform Algorithm="{DS}enveloped-signature"/>'
        f'<ds:Transform Algorithm="{EXC}"/></ds:Transforms><ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue/></ds:Reference>'
        f"</ds:SignedInfo><ds:SignatureValue/>{info}</ds:Signature>"
    )
    root.insert(1 if root.tag != f"{{{MD}}}EntityDescriptor" else 0, place)
    context = xmlsec.SignatureContext()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(root, "ID")
    context.sign(place)
    return str(etree.tostring(root, encoding="unicode"))


def encrypt(xml: str, certificate: str) -> str:
    """An EncryptedAssertion: AES-256-GCM, its key by RSA-OAEP for the key of a base64 certificate."""
    public = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise TypeError("the certificate for encryption holds no RSA key")
    secret, nonce = os.urandom(32), os.urandom(12)
    sealed = nonce + AESGCM(secret).encrypt(nonce, xml.encode(), None)
    wrapped = public.encrypt(secret, padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None))  # noqa: S303  rsa-oaep-mgf1p is defined with SHA-1
    cipher = "<xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData>".format
    return (
        f'<saml:EncryptedAssertion xmlns:saml="{SAML}"><xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/><ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey>'
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/>{cipher(base64.b64encode(wrapped).decode())}</xenc:EncryptedKey></ds:KeyInfo>'
        f"{cipher(base64.b64encode(sealed).decode())}</xenc:EncryptedData></saml:EncryptedAssertion>"
    )


def wrap(xml: str, number: int, victim: str) -> str:
    """XSW1 to XSW8 of SAML Raider: the signed element goes elsewhere, a forged one that speaks of `victim` takes its place.

    1, 2: xml is a signed Response; 3 to 8: a Response with a signed Assertion.
    """
    root = etree.fromstring(xml)
    if number <= 2:
        original = copy.deepcopy(root)
        inner = original.find(f"{{{DS}}}Signature")
        place = root.find(f"{{{DS}}}Signature")
        _forge(root, victim)
        original.remove(inner)
        if number == 1:
            place.append(original)
        else:
            root.insert(root.index(place), original)
        return str(etree.tostring(root, encoding="unicode"))
    genuine = root.find(f"{{{SAML}}}Assertion")
    forged = copy.deepcopy(genuine)
    _forge(forged, victim)
    signature = genuine.find(f"{{{DS}}}Signature")
    loose = forged.find(f"{{{DS}}}Signature")
    if number == 3:
        forged.remove(loose)
        root.insert(root.index(genuine), forged)
    elif number == 4:
        forged.remove(loose)
        root.replace(genuine, forged)
        forged.append(genuine)
    elif number == 5:
        genuine.remove(signature)
        root.replace(genuine, forged)
        root.append(genuine)
    elif number == 6:
        genuine.remove(signature)
        root.replace(genuine, forged)
        loose.append(genuine)
    elif number == 7:
        forged.remove(loose)
        extensions = etree.SubElement(root, f"{{{SAMLP}}}Extensions")
        root.insert(1, extensions)
        extensions.append(forged)
    else:
        genuine.remove(signature)
        root.replace(genuine, forged)
        etree.SubElement(loose, f"{{{DS}}}Object").append(genuine)
    return str(etree.tostring(root, encoding="unicode"))


def _forge(node: etree._Element, victim: str) -> None:
    node.set("ID", new_id())
    for name in _names(node):
        name.text = victim


def _names(node: etree._Element) -> Iterable[etree._Element]:
    return list(node.iter(f"{{{SAML}}}NameID"))
