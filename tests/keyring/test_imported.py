"""CF-03: `keys import` reads files of others with every check; each fault is one line that names the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.jose.keys import thumbprint
from broker.keyring.create import self_signed
from broker.keyring.errors import KeyFileError
from broker.keyring.imported import read_key, read_password
from tests.clock import START

PKCS8, TRADITIONAL = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
PLAIN = serialization.NoEncryption()


def pem(key: Any, form: Any = PKCS8, encryption: Any = PLAIN) -> str:
    """A private key as PEM."""
    return str(key.private_bytes(serialization.Encoding.PEM, form, encryption).decode())


def public(key: Any) -> str:
    """A public key as PEM."""
    return str(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    )


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    """2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def certificate(rsa_key: rsa.RSAPrivateKey) -> str:
    """Its certificate."""
    return self_signed(rsa_key, "old.contoso.example", START)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A path that is free."""
    return tmp_path / "key.pem"


def line(file: Path, text: str | bytes, use: str = "saml", **more: Any) -> str:
    """Why a file with this text is refused."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(KeyFileError) as refusal:
        read_key(file, use, **more)
    said = str(refusal.value)
    assert said.startswith(f"{file}: ")
    assert "\n" not in said
    return said.removeprefix(f"{file}: ")


@pytest.mark.parametrize("use", ["saml", "enc"])
@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL])
@pytest.mark.parametrize("order", [1, -1])
def test_key_and_certificate_in_one_file(
    use: str, form: Any, order: int, file: Path, rsa_key: rsa.RSAPrivateKey, certificate: str
) -> None:
    """In either order and form, with text around and a chain behind; line ends of any kind."""
    other = self_signed(rsa.generate_private_key(public_exponent=65537, key_size=2048), "CA", START)
    parts = ["Bag Attributes: x\r\n", pem(rsa_key, form), other, certificate][::order]
    file.write_text("\r\n".join(parts), newline="\r\n")
    found = read_key(file, use)
    assert found.alg == {"saml": "RSA-SHA256", "enc": "RSA-OAEP"}[use]
    assert found.certificate == certificate
    assert found.kid == thumbprint(rsa_key.public_key())
    assert "BEGIN" not in repr(found)


def test_certificate_in_a_file_of_its_own(file: Path, rsa_key: rsa.RSAPrivateKey, certificate: str) -> None:
    """--certificate; for use sig it may be left out."""
    file.write_text(pem(rsa_key))
    beside = file.with_name("cert.pem")
    beside.write_text(certificate)
    assert read_key(file, "saml", certificate=beside).certificate == certificate
    assert read_key(file, "sig", certificate=beside).certificate == certificate
    assert read_key(file, "sig").certificate is None
    beside.write_text(public(rsa_key))
    with pytest.raises(KeyFileError, match=r"cert\.pem: holds no certificate"):
        read_key(file, "saml", certificate=beside)


def test_the_algorithm_of_a_signing_key(file: Path, rsa_key: rsa.RSAPrivateKey) -> None:
    """HP-39: by the key's type; an RSA key is RS256 unless PS256 is said."""
    p256, ed = ec.generate_private_key(ec.SECP256R1()), Ed25519PrivateKey.generate()
    for key, said, alg in (
        (rsa_key, None, "RS256"),
        (rsa_key, "PS256", "PS256"),
        (p256, None, "ES256"),
        (ed, None, "EdDSA"),
        (ed, "EdDSA", "EdDSA"),
    ):
        file.write_text(pem(key))
        assert read_key(file, "sig", alg=said).alg == alg
    assert line(file, pem(p256), "sig", alg="RS256") == "the key does not fit RS256; it fits ES256"


def test_a_password(file: Path, rsa_key: rsa.RSAPrivateKey, certificate: str) -> None:
    """CF-03: right, wrong, missing, and one too many; both ways of encrypting PEM."""
    for form in (PKCS8, TRADITIONAL):
        text = pem(rsa_key, form, serialization.BestAvailableEncryption(b"sesame")) + certificate
        assert line(file, text, password=b"wrong") == "the password is wrong, or the file is damaged"
        assert line(file, text) == "the key is encrypted; give its password with --password-file"
        assert read_key(file, "saml", password=b"sesame").kid == thumbprint(rsa_key.public_key())
    assert line(file, pem(rsa_key) + certificate, password=b"sesame") == "the key is not encrypted; leave --password-file out"


def test_the_password_file(tmp_path: Path) -> None:
    """The first line, without its end; an empty or missing file is refused."""
    path = tmp_path / "password"
    for text in (b"sesame", b"sesame\n", b"sesame\r\nmore"):
        path.write_bytes(text)
        assert read_password(path) == b"sesame"
    for text in (b"", b"\n", b"\nsesame"):
        path.write_bytes(text)
        with pytest.raises(KeyFileError, match="holds no password"):
            read_password(path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_password(tmp_path / "missing")


def test_what_is_not_a_private_key(file: Path, rsa_key: rsa.RSAPrivateKey, certificate: str) -> None:
    """CF-03: a public key or certificate alone, two keys, DER, junk."""
    assert line(file, public(rsa_key)) == "holds no private key (a public key or certificate is not enough)"
    assert line(file, certificate) == "holds no private key (a public key or certificate is not enough)"
    assert line(file, pem(rsa_key) * 2) == "holds more than one private key"
    der = rsa_key.private_bytes(serialization.Encoding.DER, PKCS8, PLAIN)
    for junk in ("", "secret", der, b"\xff" * 100, "-----BEGIN PRIVATE KEY-----\nAAAA"):
        assert line(file, junk) == "is not a PEM file"
    assert line(file, pem(rsa_key).replace("MII", "MIJ", 1)) == "the private key is damaged"
    assert line(file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----") == "the private key is damaged"
    file.unlink()
    for path, why in ((file, "no such file or directory"), (file.parent, "is a directory")):
        with pytest.raises(KeyFileError) as refusal:
            read_key(path, "sig")
        assert str(refusal.value) == f"{path}: cannot be read ({why})"


def test_weak_and_foreign_keys(file: Path, certificate: str) -> None:
    """CF-03: RSA 1024, a small exponent, other curves; for saml and enc anything but RSA."""
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert line(file, pem(weak) + self_signed(weak, "weak", START)).startswith("an RSA key of 1024 bits")
    three = rsa.generate_private_key(public_exponent=3, key_size=2048)
    assert "exponent" in line(file, pem(three), "sig")
    for key in (ec.generate_private_key(ec.SECP384R1()), ed448.Ed448PrivateKey.generate()):
        assert line(file, pem(key), "sig") == "a key of another kind; RSA, P-256 and Ed25519 are taken"
    assert (
        line(file, pem(ec.generate_private_key(ec.SECP256R1())) + certificate, "enc") == "holds no RSA key, which use enc needs"
    )


def test_the_certificate_must_be_the_keys(file: Path, rsa_key: rsa.RSAPrivateKey, certificate: str) -> None:
    """A certificate of another key, none, or a damaged one."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert line(file, pem(other) + certificate) == "the certificate belongs to another key"
    assert line(file, pem(rsa_key)) == "holds no certificate; give the one that partners trust with --certificate"
    damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert line(file, pem(rsa_key) + damaged) == "a certificate is damaged"
