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
Sign = Callable[[PrivateMaterial, bytes], bytes]
Check = Callable[[PublicMaterial, bytes, bytes], None]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One line of the table.

    kty: the key's type (RFC 7518 6.1, RFC 8037 2). half_hash: the hash of at_hash and c_hash
    (Core 3.1.3.6; for Ed25519 the SHA-512 inside the algorithm). signature_size: octets, None where the key says it.
    curve: of an EC key, one for each algorithm (RFC 7518 3.4).
    """

    name: str
    kty: str
    half_hash: str
    signature_size: int | None
    sign: Sign
    check: Check
    curve: type[ec.EllipticCurve] | None = None

    def fits(self, key: PublicMaterial) -> bool:
        """Whether a public key has this algorithm's type, curve and size."""
        if isinstance(key, rsa.RSAPublicKey):
            return self.kty == "RSA" and key.key_size in RSA_BITS and key.public_numbers().e in RSA_EXPONENT
        if isinstance(key, ec.EllipticCurvePublicKey):
            return self.curve is not None and isinstance(key.curve, self.curve)
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


def _rsa(name: str, sha: hashes.HashAlgorithm, pad: padding.AsymmetricPadding) -> Algorithm:
    """RSASSA-PKCS1-v1_5 or RSASSA-PSS (RFC 7518 3.3, 3.5)."""

    def sign(key: PrivateMaterial, data: bytes) -> bytes:
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{name} needs an RSA key")
        return key.sign(data, pad, sha)

    def check(key: PublicMaterial, signature: bytes, data: bytes) -> None:
        if not isinstance(key, rsa.RSAPublicKey):
            raise InvalidSignature
        key.verify(signature, data, pad, sha)

    return Algorithm(name, "RSA", sha.name, None, sign, check)


def _pkcs1(name: str, sha: hashes.HashAlgorithm) -> Algorithm:
    return _rsa(name, sha, padding.PKCS1v15())


def _pss(name: str, sha: hashes.HashAlgorithm) -> Algorithm:
    """RFC 7518 3.5: the same hash in MGF1, and a salt of the hash's size."""
    return _rsa(name, sha, padding.PSS(mgf=padding.MGF1(sha), salt_length=padding.PSS.DIGEST_LENGTH))


def _ecdsa(name: str, sha: hashes.HashAlgorithm, curve: type[ec.EllipticCurve], octets: int) -> Algorithm:
    """RFC 7518 3.4: r and s with `octets` each, raw, never DER."""

    def sign(key: PrivateMaterial, data: bytes) -> bytes:
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{name} needs a key of its curve")
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(sha)))
        return r.to_bytes(octets, "big") + s.to_bytes(octets, "big")

    def check(key: PublicMaterial, signature: bytes, data: bytes) -> None:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidSignature
        r, s = int.from_bytes(signature[:octets], "big"), int.from_bytes(signature[octets:], "big")
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(sha))

    return Algorithm(name, "EC", sha.name, 2 * octets, sign, check, curve)


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
            _pkcs1("RS256", hashes.SHA256()),
            _ecdsa("ES256", hashes.SHA256(), ec.SECP256R1, 32),
            _pss("PS256", hashes.SHA256()),
            Algorithm("EdDSA", "OKP", "sha512", 64, _sign_eddsa, _check_eddsa),
            _pkcs1("RS512", hashes.SHA512()),
            _ecdsa("ES384", hashes.SHA384(), ec.SECP384R1, 48),
            _ecdsa("ES512", hashes.SHA512(), ec.SECP521R1, 66),
            _pss("PS384", hashes.SHA384()),
        )
    }
)
OUR_ALGORITHMS = (
    "RS256",
    "ES256",
    "PS256",
    "EdDSA",
)  # what we sign with, and what applications sign with; partners: the whole table
FAPI_ALGORITHMS = ("PS256", "ES256", "EdDSA")  # FAPI 2.0 5.4.1
