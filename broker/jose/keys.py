"""Keys as values: our private ones, and the public ones read from a JWKS (HO-5, HP-42)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from broker.jose.algorithms import ALGORITHMS, Algorithm, PrivateMaterial, PublicMaterial
from broker.jose.ed25519 import is_usable_point
from broker.jose.encoding import b64url_decode, b64url_encode, dump_json
from broker.jose.errors import JoseError

PUBLIC_MEMBERS = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")  # HP-42: nothing else is ever published
MAX_KEYS = 200  # of one JWKS
MAX_KID = 255  # characters

_CURVES: Mapping[str, tuple[ec.EllipticCurve, int]] = {  # RFC 7518 6.2.1.1 and 6.2.1.2: octets of a coordinate
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
    "P-521": (ec.SECP521R1(), 66),
}
_NAMES = {curve.name: (crv, octets) for crv, (curve, octets) in _CURVES.items()}
_SECRET_MEMBERS = frozenset(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])  # RFC 7518 6.2.2, 6.3.2, 6.4


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A verification key. alg: the one algorithm it is declared for, or None: any that its type fits."""

    kid: str | None
    alg: str | None
    key: PublicMaterial

    def fits(self, alg: str) -> bool:
        """Whether this key may verify that algorithm (HO-3)."""
        line = ALGORITHMS.get(alg)
        return line is not None and self.alg in (None, alg) and line.fits(self.key)


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A signing key for exactly one algorithm. kid: empty for a key without a name. Raises JoseError if it does not fit."""

    alg: str
    kid: str
    key: PrivateMaterial

    def __post_init__(self) -> None:
        if not algorithm(self.alg).fits(self.key.public_key()):
            raise JoseError("idtoken_key", f"the key does not fit {self.alg}")

    def __repr__(self) -> str:
        return f"PrivateKey(alg={self.alg!r}, kid={self.kid!r})"

    def public(self) -> PublicKey:
        """The other half."""
        return PublicKey(self.kid or None, self.alg, self.key.public_key())

    def public_jwk(self) -> dict[str, str]:
        """The public members, with kid, use and alg (RFC 7517 4)."""
        named = {"kid": self.kid} if self.kid else {}
        return {**named, "use": "sig", "alg": self.alg, **public_members(self.key.public_key())}


def algorithm(alg: str) -> Algorithm:
    """The table's line. Raises JoseError (idtoken_alg)."""
    line = ALGORITHMS.get(alg)
    if line is None:
        raise JoseError("idtoken_alg", "not an algorithm of the table")
    return line


def generate(alg: str, kid: str | None = None) -> PrivateKey:
    """A new key; its kid is the thumbprint unless given. RSA has 2048 bits: 3072 would cost a millisecond a token."""
    line = algorithm(alg)
    key: PrivateMaterial
    if line.kty == "RSA":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif line.curve is not None:
        key = ec.generate_private_key(line.curve())
    else:
        key = Ed25519PrivateKey.generate()
    return PrivateKey(alg, thumbprint(key.public_key()) if kid is None else kid, key)


def load_private(der: bytes, alg: str, kid: str) -> PrivateKey:
    """A key of ours, as `keyring.create` wrote and sealed it. Raises JoseError (idtoken_key).

    The seal authenticates the bytes, so OpenSSL's primality checks (65 ms an RSA key) are left out. Never use this
    for bytes of others: `keyring.imported` reads those with every check.
    """
    try:
        key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise JoseError("idtoken_key", "the private key cannot be read") from error
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, Ed25519PrivateKey)):
        raise JoseError("idtoken_key", "the private key has another type")
    return PrivateKey(alg, kid, key)


def load_pem(pem: bytes, alg: str, kid: str) -> PrivateKey:
    """A private key of somebody's file, with every check. Raises JoseError (idtoken_key); the key is no part of it."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise JoseError("idtoken_key", "the private key cannot be read") from error
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, Ed25519PrivateKey)):
        raise JoseError("idtoken_key", "the private key has another type")
    return PrivateKey(alg, kid, key)


def public_members(key: PublicMaterial) -> dict[str, str]:
    """The key type and the public values (RFC 7518 6.2.1, 6.3.1; RFC 8037 2), canonical."""
    if isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        return {"kty": "RSA", "n": _write_uint(rsa_numbers.n), "e": _write_uint(rsa_numbers.e)}
    if isinstance(key, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(key.public_bytes_raw())}
    numbers, (crv, octets) = key.public_numbers(), _NAMES[key.curve.name]
    x, y = (b64url_encode(value.to_bytes(octets, "big")) for value in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": crv, "x": x, "y": y}


def thumbprint(key: PublicMaterial) -> str:
    """RFC 7638 3: SHA-256 over the required members in lexical order, base64url."""
    return b64url_encode(hashlib.sha256(dump_json(dict(sorted(public_members(key).items())))).digest())


def public_keys(jwks: Any) -> tuple[PublicKey, ...]:
    """The usable verification keys of a JWKS: possibly none, which is a refusal when a token comes.

    Skipped: symmetric and private keys, other types and curves, weak or malformed ones, other uses; a repetition.
    Raises JoseError (idtoken_key) where the document is no JWKS or holds more than MAX_KEYS.
    """
    found: dict[tuple[str | None, str | None, str], PublicKey] = {}
    for entry in _entries(jwks):
        key = public_key(entry)
        if key is not None:
            found.setdefault((key.kid, key.alg, thumbprint(key.key)), key)
    return tuple(found.values())


def unusable_keys(jwks: Any) -> tuple[str, ...]:
    """Why each key of a JWKS that `public_keys` skips is skipped, for staff: its number and its fault, no key material."""
    return tuple(f"key {number}: {fault}" for number, entry in enumerate(_entries(jwks), 1) if (fault := _fault(entry)))


def public_key(jwk: Any) -> PublicKey | None:
    """One JWK, or None if it is not usable to verify signatures of our table."""
    try:
        return _read(jwk)
    except ValueError:
        return None


def public_material(jwk: Mapping[str, Any]) -> PublicMaterial | None:
    """The key of a JWK whatever it is for, or None if its type, curve or values are not ours. A secret or private key is None."""
    if _SECRET_MEMBERS & jwk.keys():
        return None
    try:
        return _material(jwk)
    except (KeyError, TypeError, ValueError, UnsupportedAlgorithm):
        return None


def _entries(jwks: Any) -> list[Any]:
    entries = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise JoseError("idtoken_key", "not a JWKS")
    return entries


def _fault(jwk: Any) -> str:
    """Why a JWK is of no use; empty if it is of use."""
    try:
        _read(jwk)
    except ValueError as error:
        return str(error)
    return ""


def _read(jwk: Any) -> PublicKey:
    """One JWK. Raises ValueError with the fault."""
    if not isinstance(jwk, Mapping):
        raise ValueError("it is not an object")  # noqa: TRY004 - one error for all that is wrong with input
    if _SECRET_MEMBERS & jwk.keys():
        raise ValueError("it is a secret or private key, which nobody may publish")
    kid, alg = jwk.get("kid"), jwk.get("alg")
    if not (kid is None or (isinstance(kid, str) and 0 < len(kid) <= MAX_KID)):
        raise ValueError("its kid is not a text of 1 to 255 characters")
    if not _may_verify(jwk):
        raise ValueError("its use or key_ops is not signing")
    try:
        key = _material(jwk)
    except (KeyError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("a member of its key type is missing or of the wrong type") from error
    if not any(line.fits(key) for line in ALGORITHMS.values()):
        size = f" of {key.key_size} bits" if isinstance(key, rsa.RSAPublicKey) else ""
        raise ValueError(f"a key{size} that no algorithm takes: RSA from 2048 to 8192 bits with the exponent 65537 or more")
    if alg is not None and not (isinstance(alg, str) and alg in ALGORITHMS and ALGORITHMS[alg].fits(key)):
        raise ValueError(f"its alg is none of {', '.join(ALGORITHMS)}, or not one of its key type")
    return PublicKey(kid, alg, key)


def _write_uint(value: int) -> str:
    """Base64urlUInt: the fewest octets (RFC 7518 2)."""
    return b64url_encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _may_verify(jwk: Mapping[str, Any]) -> bool:
    """RFC 7517 4.2, 4.3: where `use` or `key_ops` is given, it says signature."""
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _material(jwk: Mapping[str, Any]) -> PublicMaterial:
    """The key itself. Raises KeyError, TypeError or ValueError."""
    kind = (jwk["kty"], jwk.get("crv"))
    if kind[0] == "RSA":
        n, e = (_read_uint(jwk[name]) for name in ("n", "e"))
        if n % 2 == 0:
            raise ValueError("its n is no product of two primes")
        return rsa.RSAPublicNumbers(e, n).public_key()
    if kind[0] == "EC" and isinstance(kind[1], str) and kind[1] in _CURVES:
        curve, octets = _CURVES[kind[1]]
        x, y = (int.from_bytes(_octets(jwk[name], octets), "big") for name in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, curve).public_key()  # ValueError off the curve
    if kind == ("OKP", "Ed25519"):
        raw = _octets(jwk["x"], 32)
        if not is_usable_point(raw):
            raise ValueError("its x is not a usable point of the curve")
        return Ed25519PublicKey.from_public_bytes(raw)
    raise ValueError("its key type is not RSA, P-256, P-384, P-521 or Ed25519")


def _octets(text: Any, size: int) -> bytes:
    """Exactly `size` octets (RFC 7518 6.2.1.2: leading zeros stay)."""
    if len(data := _decoded(text)) != size:
        raise ValueError(f"a value that must have {size} octets has {len(data)}")
    return data


def _read_uint(text: Any) -> int:
    """Base64urlUInt (RFC 7518 2); capped before the arithmetic. Leading zero octets, which some write, change no number."""
    if isinstance(text, str) and len(text) > 2048:
        raise ValueError("a number of more than 2048 characters")
    data = _decoded(text)
    if not data:
        raise ValueError("an empty number")
    return int.from_bytes(data, "big")


def _decoded(text: Any) -> bytes:
    """Canonical base64url. Raises ValueError that names the spelling where it is another one of base64."""
    if not isinstance(text, str):
        raise TypeError("no text")
    try:
        return b64url_decode(text)
    except ValueError as error:
        spelling = (
            "standard base64 (+ and /)"
            if {"+", "/"} & {*text}
            else "base64 with padding (=)"
            if "=" in text
            else "something else"
        )
        raise ValueError(f"a value is written in {spelling} instead of base64url without padding (RFC 7515 2)") from error
