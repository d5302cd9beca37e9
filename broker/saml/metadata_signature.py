"""Verifies the signature of the metadata's root with one pinned certificate (HS-37): structure first, then xmlsec."""

from __future__ import annotations

import xmlsec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.saml.errors import MetadataRefused
from broker.saml.parse import Element
from broker.saml.schema_gate import DIGEST_ALGORITHMS, MAX_PREFIXES, SIGNATURE_ALGORITHMS

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_PREFIXES = f"{{{_EXC}}}InclusiveNamespaces"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"


def verify_root(root: Element, certificate: str) -> None:
    """Check that the root is signed by the key of this certificate (PEM). Raises MetadataRefused(metadata_signature, metadata_structure)."""
    places = list(root.iter(_DS + "Signature"))
    if any(place.getparent() is not root for place in places):  # SM-02
        raise MetadataRefused(
            "metadata_structure", "something below the root of the metadata is signed; the root itself must be, alone"
        )
    if len(places) != 1:
        raise MetadataRefused("metadata_signature", "the root of the metadata is not signed")
    signature = places[0]
    check_profile(signature, root)
    context = xmlsec.SignatureContext()
    context.key = _key(certificate)
    context.register_id(root, "ID")
    try:
        context.verify(signature)
    except xmlsec.Error as error:
        raise MetadataRefused(
            "metadata_signature", "the metadata is not signed by metadata_certificate, or was changed"
        ) from error


def check_profile(signature: Element, root: Element) -> tuple[Element, Element]:
    """HS-14, HS-15: compare every element of the signature before it is used. Returns SignedInfo and SignatureValue.

    Raises MetadataRefused(metadata_signature).
    """
    if [child.tag for child in signature][:2] != [_DS + "SignedInfo", _DS + "SignatureValue"] or not (
        len(signature) == 2 or (len(signature) == 3 and signature[2].tag == _DS + "KeyInfo")
    ):
        raise _unlike("its parts")
    info = signature[0]
    if [child.tag for child in info] != [_DS + "CanonicalizationMethod", _DS + "SignatureMethod", _DS + "Reference"]:
        raise _unlike("its SignedInfo")
    canonical, method, reference = info
    if canonical.get("Algorithm") != _EXC or not _only_prefixes(canonical):
        raise _unlike("its canonicalization")
    if method.get("Algorithm") not in SIGNATURE_ALGORITHMS or len(method):
        raise _unlike("its algorithm")
    marks = [node.get("ID") for node in root.iter() if node.get("ID") is not None]
    if not root.get("ID") or reference.get("URI") != f"#{root.get('ID')}" or len(marks) != len(set(marks)):
        raise _unlike("its Reference")
    if [child.tag for child in reference] != [_DS + "Transforms", _DS + "DigestMethod", _DS + "DigestValue"]:
        raise _unlike("its Reference")
    transforms, digest, _ = reference
    if [child.tag for child in transforms] != [_DS + "Transform"] * 2:
        raise _unlike("its transforms")
    if (
        [child.get("Algorithm") for child in transforms] != [_ENVELOPED, _EXC]
        or len(transforms[0])
        or not _only_prefixes(transforms[1])
    ):
        raise _unlike("its transforms")
    if digest.get("Algorithm") not in DIGEST_ALGORITHMS or len(digest):
        raise _unlike("its digest")
    return info, signature[1]


def prefixes_of(node: Element) -> list[str] | None:
    """The PrefixList of a method or transform that `check_profile` has seen, None if it has none."""
    return (node[0].get("PrefixList") or "").split()[:MAX_PREFIXES] or None if len(node) else None


def _only_prefixes(node: Element) -> bool:
    return len(node) == 0 or (len(node) == 1 and node[0].tag == _PREFIXES and len(node[0]) == 0)


def _unlike(what: str) -> MetadataRefused:
    return MetadataRefused("metadata_signature", f"the signature of the metadata is not as SAML core 5.4 wants it: {what}")


def _key(certificate: str) -> xmlsec.Key:
    try:
        public = x509.load_pem_x509_certificate(certificate.encode("ascii")).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    except (ValueError, UnsupportedAlgorithm, xmlsec.Error) as error:
        raise MetadataRefused("metadata_signature", "metadata_certificate cannot be read") from error
