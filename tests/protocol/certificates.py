"""An authority and its certificates for the tests of RFC 8705, and the headers in which proxies pass them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.clock import START

DAY = 86_400
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
    "encipher_only", "decipher_only",
)  # fmt: skip
HEADER = "Client-Cert"


def _usage(**true: bool) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: true.get(name, False) for name in USAGES})


@dataclass
class Authority:
    """Issues certificates around the clock's start."""

    name: str = "CN=Clients CA,O=Bank,C=NL"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        own = (x509.BasicConstraints(ca=True, path_length=None), _usage(key_cert_sign=True, crl_sign=True))
        ski = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        self.certificate = self._made(
            self.name, self.key, [(own[0], True), (own[1], True), (ski, False)], START - 9 * DAY, START + 99 * DAY
        )

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        subject: str = "CN=batch,O=Bank,C=NL",
        *names: x509.GeneralName,
        begin: int = START - DAY,
        end: int = START + DAY,
        use: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.CLIENT_AUTH,
    ) -> x509.Certificate:
        """A client's certificate with a key of its own."""
        more: list[tuple[x509.ExtensionType, bool]] = [(x509.SubjectAlternativeName(names), False)] if names else []
        more += [(x509.ExtendedKeyUsage([use]), False)] if use else []
        return self._made(subject, ec.generate_private_key(ec.SECP256R1()), more, begin, end)

    def _made(
        self,
        subject: str,
        key: ec.EllipticCurvePrivateKey,
        extensions: list[tuple[x509.ExtensionType, bool]],
        begin: int,
        end: int,
    ) -> x509.Certificate:
        times = [datetime.fromtimestamp(at, UTC) for at in (begin, end)]
        made = x509.CertificateBuilder().subject_name(x509.Name.from_rfc4514_string(subject))
        made = made.issuer_name(x509.Name.from_rfc4514_string(self.name)).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(times[0]).not_valid_after(times[1])
        for extension, critical in extensions:
            made = made.add_extension(extension, critical=critical)
        return made.sign(self.key, hashes.SHA256())


def x5c(certificate: x509.Certificate) -> str:
    """Base64 of the certificate (RFC 7517 4.7)."""
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def rfc9440(certificate: x509.Certificate) -> dict[str, str]:
    """The header as RFC 9440 2.2 writes it."""
    return {HEADER: f":{x5c(certificate)}:"}


def escaped(certificate: x509.Certificate) -> dict[str, str]:
    """The header as nginx writes `$ssl_client_escaped_cert`."""
    return {HEADER: quote(certificate.public_bytes(Encoding.PEM).decode(), safe="")}
