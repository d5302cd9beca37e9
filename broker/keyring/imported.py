"""Reading key files of others, with every check (CF-03): here nothing is trusted but the person at the terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.jose.algorithms import ALGORITHMS, OUR_ALGORITHMS, RSA_BITS, RSA_EXPONENT, PrivateMaterial
from broker.jose.keys import thumbprint
from broker.keyring.create import ENCRYPTION, SAML
from broker.keyring.errors import KeyFileError

_MAX_BYTES = 256 * 1024
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----.+?-----END \1-----", re.DOTALL)
_PRIVATE = (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"ENCRYPTED PRIVATE KEY")


@dataclass(frozen=True, slots=True, repr=False)
class ImportedKey:
    """A private key that passed, its algorithm in the ring, and its certificate as PEM (None only for use sig)."""

    key: PrivateMaterial
    alg: str
    certificate: str | None

    @property
    def kid(self) -> str:
        """The name it will have."""
        return thumbprint(self.key.public_key())


def read_key(
    file: Path, use: str, *, alg: str | None = None, password: bytes | None = None, certificate: Path | None = None
) -> ImportedKey:
    """The one private key of a PEM file, and the certificate of the same file or of `certificate`.

    alg: for use sig, where an RSA key may be RS256 (the default) or PS256. Raises KeyFileError, naming the file.
    """
    blocks = _blocks(file)
    key = _private_key(file, blocks, password)
    if use != "sig" and not isinstance(key, rsa.RSAPrivateKey):
        raise KeyFileError(f"{file}: holds no RSA key, which use {use} needs")
    held = [body for label, body in (_blocks(certificate) if certificate else blocks) if label == b"CERTIFICATE"]
    pem = _certificate(certificate or file, held, key) if held else None
    if pem is None and certificate:
        raise KeyFileError(f"{certificate}: holds no certificate")
    if use == "sig":
        return ImportedKey(key, _signing_algorithm(file, key, alg), pem)
    if pem is None:
        raise KeyFileError(f"{file}: holds no certificate; give the one that partners trust with --certificate")
    return ImportedKey(key, (SAML if use == "saml" else ENCRYPTION)[1], pem)


def read_password(file: Path) -> bytes:
    """The first line of a file, without its end. Raises KeyFileError."""
    password = _read(file).splitlines()[:1]
    if not password or not password[0]:
        raise KeyFileError(f"{file}: holds no password")
    return password[0]


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as handle:
            return handle.read(_MAX_BYTES)
    except OSError as error:
        raise KeyFileError(f"{file}: cannot be read ({(error.strerror or 'error').lower()})") from error


def _blocks(file: Path) -> list[tuple[bytes, bytes]]:
    blocks = [(match[1], match[0]) for match in _BLOCK.finditer(_read(file))]
    if not blocks:
        raise KeyFileError(f"{file}: is not a PEM file")
    return blocks


def _private_key(file: Path, blocks: list[tuple[bytes, bytes]], password: bytes | None) -> PrivateMaterial:
    found = [body for label, body in blocks if label in _PRIVATE]
    if len(found) != 1:
        what = "more than one private key" if found else "no private key (a public key or certificate is not enough)"
        raise KeyFileError(f"{file}: holds {what}")
    encrypted = b"ENCRYPTED" in found[0]
    if encrypted and not password:
        raise KeyFileError(f"{file}: the key is encrypted; give its password with --password-file")
    if password and not encrypted:
        raise KeyFileError(f"{file}: the key is not encrypted; leave --password-file out")
    try:
        key = serialization.load_pem_private_key(found[0], password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        reason = "the password is wrong, or the file is damaged" if encrypted else "the private key is damaged"
        raise KeyFileError(f"{file}: {reason}") from error
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size not in RSA_BITS or key.private_numbers().public_numbers.e not in RSA_EXPONENT:
            raise KeyFileError(
                f"{file}: an RSA key of {key.key_size} bits; {RSA_BITS.start} to {RSA_BITS.stop - 1} bits with an exponent of at least 65537 are taken"
            )
        return key
    if (isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)) or isinstance(
        key, Ed25519PrivateKey
    ):
        return key
    raise KeyFileError(f"{file}: a key of another kind; RSA, P-256 and Ed25519 are taken")


def _signing_algorithm(file: Path, key: PrivateMaterial, alg: str | None) -> str:
    fitting = [name for name in OUR_ALGORITHMS if ALGORITHMS[name].fits(key.public_key())]
    if alg is not None and alg not in fitting:
        raise KeyFileError(f"{file}: the key does not fit {alg}; it fits {', '.join(fitting)}")
    return alg or fitting[0]


def _certificate(file: Path, held: list[bytes], key: PrivateMaterial) -> str:
    """The certificate of the key among those that lie there (a chain may follow)."""
    for body in held:
        try:
            certificate = x509.load_pem_x509_certificate(body)
            if certificate.public_key() == key.public_key():
                return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyFileError(f"{file}: a certificate is damaged") from error
    raise KeyFileError(f"{file}: the certificate belongs to another key")
