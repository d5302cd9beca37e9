"""Verifies a signature value over octets, by the algorithms of XML Signature that we accept (HS-15; RFC 9231 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from broker.saml.keys import PublicKey

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def verifies(key: PublicKey, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Whether the key made this signature of these octets. algorithm: one of SIGNATURE_ALGORITHMS."""
    name = algorithm.rpartition("#")[2]
    words = name.removesuffix("-MGF1").split("-")  # rsa-sha256, ecdsa-sha256, sha256-rsa-MGF1
    family = next((word for word in words if word in ("rsa", "ecdsa")), "")
    digest = next((_HASHES[word] for word in words if word in _HASHES), None)
    if digest is None:
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            if family != "ecdsa":
                return False
            key.verify(_der(signature, key.curve.key_size // 8), signed, ec.ECDSA(digest))
        elif family != "rsa":
            return False
        elif name.endswith("-MGF1"):
            key.verify(signature, signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)  # RFC 9231 2.3.10
        else:
            key.verify(signature, signed, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True


def _der(signature: bytes, size: int) -> bytes:
    """An ECDSA signature as the library reads it. XML Signature 1.1 6.4.3: r and s of equal size; some senders write DER."""
    if len(signature) != 2 * size:
        return signature
    return encode_dss_signature(int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
