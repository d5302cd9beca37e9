"""Client certificates (RFC 8705): from the header of a proxy to what the broker compares. The proxy proves that the client has the key."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import verification

from broker.jose.encoding import b64url_encode
from broker.jose.errors import JoseError

MAX_BYTES = 16 * 1024  # bytes of the header
SUBJECT_DN = "subject_dn"
_BINARY = re.compile(r":([A-Za-z0-9+/]+={0,2}):")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*", re.ASCII)
_SAN: Mapping[str, Callable[[str], x509.GeneralName]] = {
    "san_dns": x509.DNSName,
    "san_uri": x509.UniformResourceIdentifier,
    "san_ip": lambda value: x509.IPAddress(ipaddress.ip_address(value)),
    "san_email": x509.RFC822Name,
}
_UNREADABLE = (  # what the library raises for a part of a certificate that a stranger wrote
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
NAMES = (SUBJECT_DN, *_SAN)  # RFC 8705 2.1.2


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate of one TLS connection to the proxy."""

    certificate: x509.Certificate
    der: bytes

    @property
    def thumbprint(self) -> str:
        """x5t#S256: SHA-256 of the certificate, base64url (RFC 8705 3.1, RFC 7515 4.1.8)."""
        return b64url_encode(hashlib.sha256(self.der).digest())

    def is_current(self, now: int) -> bool:
        """Whether it has begun and is not over at this time (seconds). False also for a time of no calendar, such as the year 0."""
        at = datetime.fromtimestamp(now, UTC)
        try:
            return self.certificate.not_valid_before_utc <= at < self.certificate.not_valid_after_utc
        except ValueError:
            return False

    def is_issued_by(self, authorities: str, now: int) -> bool:
        """Whether one of these authorities (PEM) issued it for TLS clients (RFC 5280 6); no intermediate comes with the header.

        The policy is that of the library, but a certificate may name its owner by the subject alone, and leave the key of its
        authority unnamed.
        """
        ee = verification.ExtensionPolicy.webpki_defaults_ee()
        for extension in (x509.SubjectAlternativeName, x509.AuthorityKeyIdentifier):
            ee = ee.may_be_present(extension, verification.Criticality.AGNOSTIC, None)
        ca = verification.ExtensionPolicy.webpki_defaults_ca()
        store = verification.Store(x509.load_pem_x509_certificates(authorities.encode("ascii")))
        policy = verification.PolicyBuilder().store(store).time(datetime.fromtimestamp(now, UTC))
        try:
            policy.extension_policies(ca_policy=ca, ee_policy=ee).build_client_verifier().verify(self.certificate, [])
        except (verification.VerificationError, *_UNREADABLE):
            return False
        return True

    def has_name(self, kind: str, value: str) -> bool:
        """Whether it has exactly this name. kind: one of NAMES. False also for a certificate whose names cannot be read."""
        try:
            if kind == SUBJECT_DN:
                return self.certificate.subject == x509.Name.from_rfc4514_string(value)
            names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            return _SAN[kind](value) in list(names)
        except _UNREADABLE:
            return False


def read_certificate(header: str) -> ClientCertificate:
    """The one certificate of a header: `:BASE64:` (RFC 9440 2.2), or PEM with %-escapes, as nginx writes it.

    A server joins two headers of one name with a comma, which neither form has. Raises JoseError(certificate_format).
    """
    try:
        match = None if len(header) > MAX_BYTES else _BINARY.fullmatch(header) or _PEM.fullmatch(unquote(header, errors="strict"))
        if match is None:
            raise ValueError("neither form")
        der = base64.b64decode("".join(match[1].split()).encode("ascii"), validate=True)
        return ClientCertificate(x509.load_der_x509_certificate(der), der)
    except _UNREADABLE as error:
        raise JoseError("certificate_format", "the header holds no certificate, or more than one") from error


def registered(jwks: Mapping[str, Any]) -> frozenset[bytes]:
    """The certificates (DER) of a key set: the first of each `x5c` (RFC 8705 2.2.2, RFC 7517 4.7); unreadable ones are left out."""
    found = set()
    keys = jwks.get("keys")
    for key in keys if isinstance(keys, list) else ():
        chain = key.get("x5c") if isinstance(key, dict) else None
        if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
            continue
        try:
            found.add(base64.b64decode(chain[0].encode("ascii"), validate=True))
        except ValueError:
            continue
    return frozenset(found)


def problem_of_authorities(pem: str) -> str | None:
    """Why this text names no authority; None if every certificate in it is one."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode("ascii"))
        usable = all(one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca for one in found)
    except _UNREADABLE:
        return "holds no certificate of an authority; write the path of a PEM file"
    return None if usable else "holds a certificate that is no authority's; write the issuing authorities only"


def problem_of_name(kind: str, value: str) -> str | None:
    """Why no certificate can have this name; None if one can."""
    try:
        x509.Name.from_rfc4514_string(value) if kind == SUBJECT_DN else _SAN[kind](value)
    except ValueError:
        return "is no name of a certificate; write it as the certificate has it, a subject as in RFC 4514: CN=batch,O=Bank,C=NL"
    return None
