"""A test authority, and a server that speaks TLS with a certificate of it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.connectors.provider import Server


def certificate(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, names: list[str], ca: tuple | None = None, *, hours: int = 1
) -> x509.Certificate:
    """A certificate for some hours; of the CA itself, where none is given."""
    now = dt.datetime.now(dt.UTC)
    entries = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
    issuer, issuer_key = (name, key) if ca is None else ca
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=hours))
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(_usage(authority=ca is None), critical=True)
    )
    if entries:
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    """Python 3.13 and newer verify strictly (RFC 5280): identifiers of both keys, and their usage."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def certificates(folder: Path, *names: str, hours: int = 1) -> tuple[Path, Path]:
    """Files: an authority's certificate, and a server's for these names with its key."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "evil.example")])
    ca_file, chain = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(certificate(ca_name, ca_key, [], hours=hours).public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signed = certificate(name, key, list(names), (ca_name, ca_key), hours=hours)
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return ca_file, chain


def speak_tls(server: Server, folder: Path, *names: str, hours: int = 1) -> Path:
    """Let a server speak TLS under these names; the file of the authority that signed its certificate."""
    ca_file, chain = certificates(folder, *names, hours=hours)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    return ca_file
