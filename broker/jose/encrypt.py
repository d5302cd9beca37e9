"""Encrypts for an application (compact JWE, RFC 7516 3.1), by a closed table of algorithms. Nothing here decrypts."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.padding import PKCS7

from broker.jose.algorithms import RSA_BITS, RSA_EXPONENT
from broker.jose.encoding import b64url_encode, dump_json
from broker.jose.keys import public_material, public_members

ENCRYPTION_ALGORITHMS: Final = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")  # RFC 7518 4.1
CONTENT_ALGORITHMS: Final[Mapping[str, int]] = {  # RFC 7518 5.1; octets of the content key
    "A128GCM": 16,
    "A256GCM": 32,
    "A128CBC-HS256": 32,
    "A256CBC-HS512": 64,
}
_WRAPPING: Final[Mapping[str, int]] = {"ECDH-ES+A128KW": 16, "ECDH-ES+A256KW": 32}  # octets of the key that wraps

Recipient = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """The public key of a recipient, for one algorithm."""

    kid: str | None
    alg: str
    key: Recipient


def encryption_key(jwks: Any, alg: str) -> EncryptionKey | None:
    """The first key of a JWKS that is published for encryption (`use: enc`) and fits `alg`; None without one.

    A key that is for signatures, or does not say what it is for, is never used (RFC 7517 4.2; NIST SP 800-57 part 1, 5.2).
    """
    entries = jwks.get("keys") if isinstance(jwks, Mapping) else None
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, Mapping) or entry.get("use") != "enc" or entry.get("alg", alg) != alg:
            continue
        kid = entry.get("kid")
        key = public_material(entry)
        if (kid is None or isinstance(kid, str)) and isinstance(key, Recipient) and _fits(key, alg):
            return EncryptionKey(kid, alg, key)
    return None


def encrypt(plain: bytes, recipient: EncryptionKey, enc: str, *, cty: str | None = None) -> str:
    """A compact JWE with a new content key. enc: of CONTENT_ALGORITHMS. cty: "JWT" for a signed token inside (RFC 7519 5.2)."""
    size = CONTENT_ALGORITHMS[enc]
    header: dict[str, Any] = {"alg": recipient.alg, "enc": enc}
    header |= {name: value for name, value in (("kid", recipient.kid), ("cty", cty)) if value is not None}
    if isinstance(recipient.key, rsa.RSAPublicKey):
        content_key = secrets.token_bytes(size)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)  # RFC 7518 4.3
        wrapped = recipient.key.encrypt(content_key, oaep)
    else:
        ephemeral = ec.generate_private_key(recipient.key.curve)
        header["epk"] = public_members(ephemeral.public_key())
        shared = ephemeral.exchange(ec.ECDH(), recipient.key)
        content_key, wrapped = _agreed(shared, recipient.alg, enc, size)
    protected = b64url_encode(dump_json(header))
    iv, sealed, tag = _sealed(plain, content_key, enc, protected.encode("ascii"))
    return ".".join((protected, *(b64url_encode(part) for part in (wrapped, iv, sealed, tag))))


def _fits(key: Recipient, alg: str) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return alg == "RSA-OAEP-256" and key.key_size in RSA_BITS and key.public_numbers().e in RSA_EXPONENT
    return alg.startswith("ECDH-ES") and alg in ENCRYPTION_ALGORITHMS


def _agreed(shared: bytes, alg: str, enc: str, size: int) -> tuple[bytes, bytes]:
    """RFC 7518 4.6: the content key and what stands for it in the JWE: nothing, or the key wrapped under the agreed one."""
    if alg == "ECDH-ES":
        return _derived(shared, enc, size), b""
    content_key, length = secrets.token_bytes(size), _WRAPPING[alg]
    return content_key, keywrap.aes_key_wrap(_derived(shared, alg, length), content_key)


def _derived(shared: bytes, name: str, size: int) -> bytes:
    """RFC 7518 4.6.2: Concat KDF with the algorithm's name, two empty parties and the length in bits."""
    label = name.encode("ascii")
    info = len(label).to_bytes(4, "big") + label + bytes(4) + bytes(4) + (size * 8).to_bytes(4, "big")
    return ConcatKDFHash(hashes.SHA256(), size, info).derive(shared)


def _sealed(plain: bytes, key: bytes, enc: str, bound: bytes) -> tuple[bytes, bytes, bytes]:
    """Initialization vector, ciphertext and tag (RFC 7518 5.2, 5.3). bound: the protected header (RFC 7516 5.1)."""
    if enc.endswith("GCM"):
        iv = secrets.token_bytes(12)
        sealed = AESGCM(key).encrypt(iv, plain, bound)
        return iv, sealed[:-16], sealed[-16:]
    half, iv, padder = len(key) // 2, secrets.token_bytes(16), PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key[half:]), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    mac = bound + iv + sealed + (len(bound) * 8).to_bytes(8, "big")
    return iv, sealed, hmac.digest(key[:half], mac, f"sha{len(key) * 8}")[:half]
