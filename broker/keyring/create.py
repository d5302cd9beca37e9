"""New keys for the ring: generated, or read from a file that partners already trust."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.jose.algorithms import PrivateMaterial
from broker.jose.keys import generate, public_members, thumbprint
from broker.keyring.ring import OVERLAP, KeyRecord, purpose_of
from broker.keyring.seal import Sealer

SIGNING = (("sig", "RS256"), ("sig", "ES256"), ("sig", "PS256"), ("sig", "EdDSA"))  # the first ring
SAML = ("saml", "RSA-SHA256")
ENCRYPTION = ("enc", "RSA-OAEP")
CERTIFICATE_YEARS = 10


def new_records(
    now: int,
    sealer: Sealer,
    *,
    now_active: bool,
    algs: Sequence[tuple[str, str]] = SIGNING,
    name: str = "guest-broker",
) -> list[KeyRecord]:
    """One new key for each (use, alg); active at once, or OVERLAP seconds after it is published (HP-51).

    Keys for saml and enc are RSA-3072 with a self-signed certificate of ten years in `name`: partners pin it, so it
    ends by a rotation and not by a date.
    """
    active_from = now if now_active else now + OVERLAP
    records = []
    for use, alg in algs:
        if use == "sig":
            records.append(to_record(generate(alg).key, None, use=use, alg=alg, now=now, active_from=active_from, sealer=sealer))
            continue
        key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        certificate = self_signed(key, name, now)
        records.append(to_record(key, certificate, use=use, alg=alg, now=now, active_from=active_from, sealer=sealer))
    return records


def to_record(
    key: PrivateMaterial, certificate: str | None, *, use: str, alg: str, now: int, active_from: int, sealer: Sealer
) -> KeyRecord:
    """The row of a key: private half sealed for its kid alone, public half as a JWK; the kid is the thumbprint (RFC 7638)."""
    kid = thumbprint(key.public_key())
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = {"kid": kid, "use": "enc" if use == "enc" else "sig", "alg": alg, **public_members(key.public_key())}
    return KeyRecord(
        kid=kid,
        use=use,
        alg=alg,
        sealed=sealer.seal(der, purpose_of(use, alg, kid)),
        public=json.dumps(public, sort_keys=True),
        certificate=certificate,
        created_at=now,
        active_from=active_from,
    )


def self_signed(key: rsa.RSAPrivateKey, name: str, now: int) -> str:
    """A certificate that only carries the key (SAML partners pin the key itself), as PEM."""
    from cryptography import x509  # 50 ms that most commands do without

    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    start = dt.datetime.fromtimestamp(now, dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - dt.timedelta(days=1))  # partners' clocks
        .not_valid_after(start + dt.timedelta(days=CERTIFICATE_YEARS * 365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def certificate_end(pem: str) -> int:
    """Seconds since 1970 until which the certificate of a key of the ring is valid."""
    from cryptography import x509

    return int(x509.load_pem_x509_certificate(pem.encode("ascii")).not_valid_after_utc.timestamp())
