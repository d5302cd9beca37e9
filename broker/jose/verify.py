"""Reading compact JWS: one form, one spelling, one key (HO-3, HO-4, HO-5, HT-1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.jose.algorithms import ALGORITHMS
from broker.jose.encoding import MAX_BYTES, b64url_decode, parse_object
from broker.jose.errors import JoseError
from broker.jose.keys import MAX_KID, PublicKey, public_key, thumbprint

MAX_HEADER = 16 * 1024  # characters of the encoded header: some bring the whole chain of their certificate (x5c)
PLAIN = (None, "JWT")  # `typ` of ID tokens and client assertions; our other tokens have names of their own (HT-5)

Keys = Sequence[PublicKey] | Callable[[bool], Sequence[PublicKey]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A token that is well formed. Nothing in it is proven: use it to find out whose keys to ask for, then `verify`."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VerifiedToken:
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


def verify(token: str, keys: Keys, algorithms: Container[str], *, typ: Collection[str | None] = PLAIN) -> VerifiedToken:
    """The verified token. Raises JoseError and nothing else, but for what a callable `keys` raises.

    keys: a list; or a callable that is asked with False first, and with True ("refresh if you may", HO-6) where no
    single key fits or the one that fits did not sign: a new key may have come under the old name. algorithms: what the caller allows, of the table only.
    typ: the values this kind of token may have, None for a header without one (HT-5, RFC 8725 3.11).
    """
    envelope = _open(token, algorithms)
    _check_typ(envelope.header.get("typ"), typ)
    signature = _decode(envelope.signature)
    try:
        _check_signature(envelope, signature, keys(False) if callable(keys) else keys)
    except JoseError:
        if not callable(keys):
            raise
        _check_signature(envelope, signature, keys(True))
    return VerifiedToken(envelope.header, _claims(envelope.payload))


def verify_by_own_key(token: str, algorithms: Container[str], *, typ: Collection[str | None]) -> tuple[VerifiedToken, str]:
    """A token that the public key in its own header signed, and the thumbprint of that key. Raises JoseError.

    It proves that the sender holds the key (RFC 9449 4.2), and nothing about who the sender is.
    """
    envelope = _open(token, algorithms)
    _check_typ(envelope.header.get("typ"), typ)
    own = public_key(envelope.header.get("jwk"))
    if own is None:
        raise JoseError("idtoken_key", "jwk is no public key")
    _check_signature(envelope, _decode(envelope.signature), [PublicKey(envelope.kid, own.alg, own.key)])
    return VerifiedToken(envelope.header, _claims(envelope.payload)), thumbprint(own.key)


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
    """HO-4: alg, kid and typ are read; crit is refused, for we know no extension; all else is ignored (RFC 7515 4).

    No key is ever taken from a token: jwk, jku, x5u and x5c are members like any other that nobody reads, except the jwk of a
    proof of possession (`verify_by_own_key`).
    """
    if "crit" in header:
        raise JoseError("idtoken_header", "crit names an extension that is not known here")
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
    """HO-5: kid names one fitting key; without kid exactly one key must fit. The same key twice is one key."""
    fitting = [key for key in keys if key.fits(envelope.alg) and envelope.kid in (None, key.kid)]
    if not fitting:
        raise JoseError("idtoken_key", "no key fits")
    if len(fitting) > 1 and len({thumbprint(key.key) for key in fitting}) > 1:
        raise JoseError(
            "idtoken_key", "several keys fit, and no kid says which" if envelope.kid is None else "several keys have its kid"
        )
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
