"""Reads the signing keys of a role in the metadata (HS-38; SAML metadata 2.4.1.1).

A key that we cannot or may not use is left out, with a sentence for staff. A document without a usable key is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from broker.saml.errors import MetadataRefused
from broker.saml.keys import PublicKey
from broker.saml.parse import Element

MAX_KEYS: Final = 8  # the most keys that a role may have
MAX_LEFT_OUT: Final = 16  # sentences about keys that were left out
_MAX_CERTIFICATES: Final = 16  # of one X509Data: enough for a chain, and a limit to the work
_MD: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_PEM_LINE: Final = re.compile(r"-----(?:BEGIN|END) (?:X509 |TRUSTED )?CERTIFICATE-----")


class _Unusable(Exception):
    """A key or certificate that cannot be used. The text says why; it quotes numbers of the document only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedKey:
    """A published signing key. sha256: of its certificate, in hexadecimal. ends: notAfter of the certificate, for warnings only."""

    spki: bytes
    sha256: str
    ends: int

    def public(self) -> PublicKey:
        """The key itself; a certificate is only its envelope (SM-14)."""
        return _supported(load_der_public_key(self.spki))


def read_keys(role: Element) -> tuple[tuple[PublishedKey, ...], tuple[str, ...]]:
    """The keys for signing (or without use), and why others are left out. Raises MetadataRefused(partner_unsigned, metadata_key)."""
    found: dict[bytes, PublishedKey] = {}
    left_out: list[str] = []
    for descriptor in role.findall(_MD + "KeyDescriptor"):
        if descriptor.get("use") not in (None, "signing"):
            continue
        for info in descriptor.findall(_DS + "KeyInfo"):
            for certificate in _of_key_info(info, left_out):
                try:
                    key = _key(certificate)
                except _Unusable as error:
                    left_out.append(f"certificate {_mark(certificate)[:16]}...: {error}")
                else:
                    found.setdefault(key.spki, key)
    if not found:
        if left_out:
            raise MetadataRefused("metadata_key", f"no key of the metadata can be used: {'; '.join(left_out[:3])}")
        raise MetadataRefused("partner_unsigned", _without(role))
    if len(found) > MAX_KEYS:
        raise MetadataRefused("metadata_key", f"the metadata holds more than {MAX_KEYS} keys for signing")
    return tuple(found.values()), tuple(dict.fromkeys(left_out))[:MAX_LEFT_OUT]


def read_encryption_key(role: Element) -> bytes | None:
    """The first RSA key that the role publishes for encryption alone, as SubjectPublicKeyInfo; None if it has none that we can use."""
    for descriptor in role.findall(_MD + "KeyDescriptor"):
        for info in descriptor.findall(_DS + "KeyInfo") if descriptor.get("use") == "encryption" else ():
            for certificate in _of_key_info(info, []):
                try:
                    key = _key(certificate)
                    if isinstance(key.public(), rsa.RSAPublicKey):
                        return key.spki
                except _Unusable:
                    continue
    return None


def usable_key(certificate: x509.Certificate) -> PublicKey:
    """The key of a certificate that we pinned ourselves. Raises MetadataRefused(metadata_key)."""
    try:
        return _supported(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MetadataRefused("metadata_key", "the key of metadata_certificate cannot be read") from error


def _of_key_info(info: Element, left_out: list[str]) -> Iterator[x509.Certificate]:
    """The certificates that hold the key of a KeyInfo: the end-entity certificate of each X509Data.

    A KeyInfo describes one key, and the other certificates of an X509Data are its chain (XML Signature 4.5, 4.5.4): the
    certificate of an authority is not a signing key. If one certificate cannot be read, the role of the others is unknown.
    """
    try:
        groups = [_read(data, left_out) for data in info.findall(_DS + "X509Data")]
    except _Unusable as error:
        left_out.append(str(error))
        return
    everything = [certificate for group in groups for certificate in group]
    for group in groups:
        leaves = _end_entities(group, everything)
        if len({_spki(leaf) for leaf in leaves}) > 1:
            left_out.append(
                f"a ds:X509Data of {len(group)} certificates that are no chain: which one holds the key cannot be known; "
                "each key needs a md:KeyDescriptor of its own"
            )
        else:
            yield from leaves


def _read(data: Element, left_out: list[str]) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for node in data.findall(_DS + "X509Certificate"):
        text = "".join(_PEM_LINE.sub("", "".join(node.itertext())).split())
        if not text:
            left_out.append("an empty ds:X509Certificate")
            continue
        if len(found) == _MAX_CERTIFICATES:
            raise _Unusable(f"a ds:X509Data of more than {_MAX_CERTIFICATES} certificates")
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
            _ = certificate.subject, certificate.issuer, certificate.not_valid_after_utc  # the library parses them on access
            found.append(certificate)
        except binascii.Error as error:
            raise _Unusable("a ds:X509Certificate that is not base64") from error
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
            raise _Unusable("a ds:X509Certificate that is no certificate") from error
    return found


def _end_entities(group: Sequence[x509.Certificate], everything: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """The certificates of a group that issued no other one of the KeyInfo; authorities only if all of the KeyInfo are authorities."""
    issuers = {other.issuer for other in everything if other.issuer != other.subject}
    leaves = [certificate for certificate in group if certificate.subject not in issuers]
    if all(map(_is_authority, everything)):  # many products sign with a self-signed certificate that is marked as CA
        return leaves
    return [certificate for certificate in leaves if not _is_authority(certificate)]


def _is_authority(certificate: x509.Certificate) -> bool:
    """Whether BasicConstraints says CA (RFC 5280 4.2.1.9); also true if the extension cannot be read."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return True


def _key(certificate: x509.Certificate) -> PublishedKey:
    try:
        public = _supported(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _Unusable("its key cannot be read; RSA from 2048 bits, P-256 or P-384 can be used") from error
    except MetadataRefused as error:
        raise _Unusable(error.detail) from error
    return PublishedKey(
        spki=public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        sha256=_mark(certificate),
        ends=int(certificate.not_valid_after_utc.timestamp()),
    )


def _supported(key: object) -> PublicKey:
    """SM-14, HS-38: RSA from 2048 bits with an exponent from 65537, P-256, P-384."""
    if isinstance(key, rsa.RSAPublicKey):
        if not 2048 <= key.key_size <= 8192 or key.public_numbers().e < 65537:
            raise MetadataRefused(
                "metadata_key", f"an RSA key of {key.key_size} bits, or with a small exponent; 2048 bits and 65537 are the least"
            )
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
        return key
    raise MetadataRefused("metadata_key", "a key for signing is neither RSA nor on the curves P-256 and P-384")


def _spki(certificate: x509.Certificate) -> bytes:
    """Identifies a key, also one of a type that we do not support."""
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


def _mark(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _without(role: Element) -> str:
    """Why the role has no key, as far as the document shows it."""
    descriptors = [node for node in role.findall(_MD + "KeyDescriptor") if node.get("use") in (None, "signing")]
    if any(node.find(f"{_DS}KeyInfo/{_DS}KeyValue") is not None for node in descriptors):
        return "the metadata holds the key for signing as a ds:KeyValue only; the partner must publish its certificate (ds:X509Certificate)"
    if descriptors:
        return "the md:KeyDescriptor for signing holds no ds:X509Certificate; the partner must publish one"
    return "the metadata holds no certificate for signing"
