"""HT-1: the closed table algorithm -> key type, hash, size. What is not in it does not exist for us (RFC 8725 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

RSA_BITS = range(2048, 8192 + 1)  # upwards: a key of 16384 bits costs milliseconds a check
RSA_EXPONENT = range(65537, 2**64)

PrivateMaterial = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey
PublicMaterial = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One line of the table.

    kty: the key's type (RFC 7518 6.1, RFC 8037 2). half_hash: the hash of at_hash and c_hash
    (Core 3.1.3.6; for Ed25519 the SHA-512 inside the algorithm). signature_size: octets, None where the key says it.
    """

    name: str
    kty: str
    half_hash: str
    signature_size: int | None
    sign: Callable[[PrivateMaterial, bytes], bytes]
    check: Callable[[PublicMaterial, bytes, bytes], None]

    def fits(self, key: PublicMaterial) -> bool:
        """Whether a public key has this algorithm's type, curve and size."""
        if isinstance(key, rsa.RSAPublicKey):
            return self.kty == "RSA" and key.key_size in RSA_BITS and key.public_numbers().e in RSA_EXPONENT
        if isinstance(key, ec.EllipticCurvePublicKey):
            return self.kty == "EC" and isinstance(key.curve, ec.SECP256R1)
        return self.kty == "OKP" and isinstance(key, Ed25519PublicKey)

    def verify(self, key: PublicMaterial, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's over `data`. A key of another type is a no."""
        if not self.fits(key) or (self.signature_size is not None and len(signature) != self.signature_size):
            return False
        try:
            self.check(key, signature, data)
        except InvalidSignature:
            return False
        return True


def _pss() -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)  # RFC 7518 3.5


def _sign_rs256(key: PrivateMaterial, data: bytes) -> bytes:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("RS256 needs an RSA key")
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _check_rs256(key: PublicMaterial, signature: bytes, data: bytes) -> None:
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidSignature
    key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())


def _sign_ps256(key: PrivateMaterial, data: bytes) -> bytes:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("PS256 needs an RSA key")
    return key.sign(data, _pss(), hashes.SHA256())


def _check_ps256(key: PublicMaterial, signature: bytes, data: bytes) -> None:
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidSignature
    key.verify(signature, data, _pss(), hashes.SHA256())


def _sign_es256(key: PrivateMaterial, data: bytes) -> bytes:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("ES256 needs a P-256 key")
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")  # RFC 7518 3.4: raw, never DER


def _check_es256(key: PublicMaterial, signature: bytes, data: bytes) -> None:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise InvalidSignature
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))


def _sign_eddsa(key: PrivateMaterial, data: bytes) -> bytes:
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("EdDSA needs an Ed25519 key")
    return key.sign(data)


def _check_eddsa(key: PublicMaterial, signature: bytes, data: bytes) -> None:
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidSignature
    key.verify(signature, data)


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        line.name: line
        for line in (
            Algorithm("RS256", "RSA", "sha256", None, _sign_rs256, _check_rs256),
            Algorithm("ES256", "EC", "sha256", 64, _sign_es256, _check_es256),
            Algorithm("PS256", "RSA", "sha256", None, _sign_ps256, _check_ps256),
            Algorithm("EdDSA", "OKP", "sha512", 64, _sign_eddsa, _check_eddsa),
        )
    }
)
