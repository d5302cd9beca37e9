"""Wrap one of our public signing keys in a certificate, for a provider that knows client keys by certificate (HO-12).

    curl -s ISSUER/jwks | .venv/bin/python scripts/assertion_certificate.py KID > config/partners/PARTNER-assertion.pem

Nobody checks the certificate's own signature (Entra ID looks at key and thumbprint), so a key made for the moment signs it.
"""

from __future__ import annotations

import datetime as dt
import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from broker.jose.keys import PublicKey, public_keys

YEARS = 2


def certificate(key: PublicKey, now: dt.datetime) -> str:
    """A certificate of the key, in PEM, valid for two years."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Guest Broker {key.kid or 'key'}"[:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Guest Broker")]))
        .public_key(key.key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=365 * YEARS))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode("ascii")


def main(arguments: list[str], jwks: str) -> int:
    """Print the certificate of the key named by the one argument; 1 and one line if there is none, 2 for wrong usage."""
    if len(arguments) != 1:
        print("usage: assertion_certificate.py KID < JWKS", file=sys.stderr)
        return 2
    found = [key for key in public_keys(json.loads(jwks)) if key.kid == arguments[0] and key.alg in {None, "RS256"}]
    if not found:
        print(f"no RS256 key {arguments[0]} in this key set; see broker keys list", file=sys.stderr)
        return 1
    print(certificate(found[0], dt.datetime.now(dt.UTC)), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], sys.stdin.read()))
