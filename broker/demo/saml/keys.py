"""Keys of the SAML partner, and how it verifies what a service provider signed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import xmlsec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from broker.demo.identity import ProtocolError
from broker.demo.saml.messages import DS


def certificate(key: rsa.RSAPrivateKey, name: str, now: int, *, over: bool = False) -> str:
    """A self-signed certificate, base64. over: it ended yesterday."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    day, end = datetime.fromtimestamp(now, UTC), timedelta(days=-1 if over else 365)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(day - timedelta(days=30))
        .not_valid_after(day + end)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def new_key() -> rsa.RSAPrivateKey:
    """A signing key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def parsed(xml: bytes) -> etree._Element:
    """The root; no entity, no network."""
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))


def _public(text: str) -> rsa.RSAPublicKey:
    key = x509.load_der_x509_certificate(base64.b64decode(text)).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ProtocolError("metadata", "the service provider's key is not RSA")
    return key


def verifies(signing: Sequence[str], text: bytes, signature: bytes) -> bool:
    """saml-bindings 3.4.4.1: over the query's own octets. signing: certificates, base64."""
    for one in signing:
        try:
            _public(one).verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        return True
    return False


def root_verifies(signing: Sequence[str], xml: bytes) -> bool:
    """Whether the root is signed in itself by one of these certificates, base64 (saml-core 5.4)."""
    root = parsed(xml)
    place = root.find(f"{{{DS}}}Signature")
    for one in signing if place is not None else ():
        context = xmlsec.SignatureContext()
        pem = _public(one).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
        context.register_id(root, "ID")
        try:
            context.verify(place)
        except xmlsec.Error:
            continue
        return True
    return False
