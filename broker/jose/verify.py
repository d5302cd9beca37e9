"""Reading compact JWS: one form, one spelling, one key (HO-3, HO-4, HO-5, HT-1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.jose.algorithms import ALGORITHMS
from broker.jose.encoding import MAX_BYTES, b64url_decode, parse_object
from broker.jose.errors import JoseError
from broker.jose.keys import MAX_KID, PublicKey

MAX_HEADER = 4096  # characters of the encoded header
PLAIN = (None, "JWT")  # `typ` of ID tokens and client assertions; our other tokens have names of their own (HT-5)

_HEADER_MEMBERS = frozenset(("alg", "kid", "typ", "x5t", "x5t#S256"))

Keys = Sequence[PublicKey] | Callable[[bool], Sequence[PublicKey]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A token that is well formed. Nothing in it is proven: use it to find out whose keys to ask for, then `verify`."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that the key named by its header signed. Its claims are still to be judged (claims.py)."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def alg(self) -> str:
        """The algorithm that verified it."""
        return str(self.header["alg"])


@dataclass(frozen=True, slots=True)
class _Envelope:
    """The three parts, with only the header decoded."""

    header: dict[str, Any]
    alg: str
    kid: str | None
    payload: str
    signature: str
    signing_input: bytes


def parse(token: str, algorithms: Container[str] = ALGORITHMS.keys()) -> Parsed:
    """The header and claims of a well-formed token, signature not looked at. Raises JoseError and nothing else."""
    envelope = _open(token, algorithms)
    _decode(envelope.signature)
    return Parsed(envelope.header, _claims(envelope.payload))


def verify(token: str, keys: Keys, algorithms: Container[str], *, typ: Collection[str | None] = PLAIN) -> Verified:
    """The verified token. Raises JoseError and nothing else, but for what a callable `keys` raises.

    keys: a list; or a callable that is asked with False first, and with True ("refresh if you may", HO-6) where no
    single key fits, or a token without kid does not verify. algorithms: what the caller allows, of the table only.
    typ: the values this kind of token may have, None for a header without one (HT-5, RFC 8725 3.11).
    """
    envelope = _open(token, algorithms)
    _check_typ(envelope.header.get("typ"), typ)
    signature = _decode(envelope.signature)
    try:
        _check_signature(envelope, signature, keys(False) if callable(keys) else keys)
    except JoseError as refusal:
        if not callable(keys) or (refusal.reason == "idtoken_signature" and envelope.kid is not None):
            raise
        _check_signature(envelope, signature, keys(True))
    return Verified(envelope.header, _claims(envelope.payload))


def _open(token: object, algorithms: Container[str]) -> _Envelope:
    """Splits the token and judges its header; the algorithm before anything else is decoded (HO-3)."""
    if not isinstance(token, str) or len(parts := token.split(".", 3)) != 3:
        raise JoseError("idtoken_format", "not three parts")
    if len(parts[0]) > MAX_HEADER:
        raise JoseError("idtoken_header", "the header is too large")
    if len(token) > 2 * MAX_BYTES:
        raise JoseError("idtoken_format", "the token is too large")
    try:
        header = parse_object(b64url_decode(parts[0]))
    except ValueError as error:
        raise JoseError("idtoken_format", f"header: {error}") from error
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in ALGORITHMS or alg not in algorithms:
        raise JoseError("idtoken_alg", "not an algorithm that is allowed here")
    _check_header(header)
    signing_input = token[: len(parts[0]) + 1 + len(parts[1])].encode("utf-8", "surrogatepass")
    return _Envelope(header, alg, header.get("kid"), parts[1], parts[2], signing_input)


def _check_header(header: dict[str, Any]) -> None:
    """HO-4: alg, kid, typ; thumbprints are ignored; jwk, jku, x5u, x5c, crit, b64, zip and all else are refused."""
    if not header.keys() <= _HEADER_MEMBERS:
        raise JoseError("idtoken_header", "a member that is not allowed")
    if "kid" in header and not (isinstance(header["kid"], str) and 0 < len(header["kid"]) <= MAX_KID):
        raise JoseError("idtoken_header", "kid is no name of a key")
    if "typ" in header and not isinstance(header["typ"], str):
        raise JoseError("idtoken_header", "typ is no string")


def _check_typ(given: str | None, due: Collection[str | None]) -> None:
    """RFC 7515 4.1.9: a media type, case-insensitive, `application/` left out or not."""
    if _media_type(given) not in {_media_type(value) for value in due}:
        raise JoseError("idtoken_header", "typ is not the one of this kind of token")


def _media_type(typ: str | None) -> str | None:
    return None if typ is None else typ.lower().removeprefix("application/")


def _check_signature(envelope: _Envelope, signature: bytes, keys: Sequence[PublicKey]) -> None:
    """HO-5: kid names one fitting key; without kid exactly one key must fit."""
    fitting = [key for key in keys if key.fits(envelope.alg) and envelope.kid in (None, key.kid)]
    if len(fitting) != 1:
        raise JoseError("idtoken_key", "no key fits" if not fitting else "more than one key fits")
    if not ALGORITHMS[envelope.alg].verify(fitting[0].key, signature, envelope.signing_input):
        raise JoseError("idtoken_signature", "the signature is not that of the key")


def _decode(part: str) -> bytes:
    try:
        return b64url_decode(part)
    except ValueError as error:
        raise JoseError("idtoken_format", str(error)) from error


def _claims(part: str) -> dict[str, Any]:
    """RFC 7519 7.2: a JSON object."""
    try:
        return parse_object(b64url_decode(part))
    except ValueError as error:
        raise JoseError("idtoken_format", f"payload: {error}") from error
