"""Reads a message of the HTTP-Redirect binding: the raw query, its detached signature, the inflated XML (HS-34; bindings 3.4).

The signature covers octets of the query as the sender wrote them: they are never decoded and encoded again (bindings 3.4.4.1).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from broker.domain.errors import BadRequest
from broker.saml.detached import verifies
from broker.saml.errors import SamlRefused
from broker.saml.keys import PublicKeys
from broker.saml.parse import MAX_BYTES, unfold
from broker.saml.schema_gate import SIGNATURE_ALGORITHMS
from broker.saml.signature import MAX_KEYS

DEFLATE: Final = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
_NAMES: Final = frozenset({"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectMessage:
    """A message in a query, unverified. kind: SAMLRequest or SAMLResponse. relay_state: decoded; None if none came.

    signed: the octets that the signature must cover; empty if there is no signature.
    """

    kind: str
    xml: bytes = field(repr=False)
    relay_state: str | None
    signed: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)

    def verify(self, keys: PublicKeys) -> None:
        """HS-19, HS-34: one of the pinned keys signed exactly these octets. Raises SamlRefused."""
        if not self.signature or not self.algorithm:
            raise SamlRefused(
                "saml_unsigned", "HS-35", "the query has no SigAlg and Signature; the partner must sign logout messages"
            )
        if self.algorithm not in SIGNATURE_ALGORITHMS:
            raise SamlRefused(
                "saml_algorithm", "HS-15", "SigAlg must be rsa-sha256, rsa-sha384, rsa-sha512, ecdsa-sha256 or ecdsa-sha384"
            )
        if not any(verifies(key, self.algorithm, self.signed, self.signature) for key in keys[:MAX_KEYS]):
            raise SamlRefused("saml_signature", "HS-19", "no pinned key of the sender verifies the signature of the query")


def read_redirect(query: bytes) -> RedirectMessage:
    """The message of a raw query. Raises BadRequest(saml_decode) for what is no such message.

    Each parameter comes once; others than those of the binding are ignored, because an address may have a query of its own.
    """
    raw: dict[str, bytes] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        plain = name.decode("ascii", "replace")
        if plain not in _NAMES:
            continue
        if plain in raw:
            raise BadRequest("saml_decode", "HS-34: a parameter of the binding came twice")
        raw[plain] = value
    kinds = [name for name in ("SAMLRequest", "SAMLResponse") if name in raw]
    if len(kinds) != 1:
        raise BadRequest("saml_decode", "HS-34: the query has no SAMLRequest or SAMLResponse, or both")
    if "SAMLEncoding" in raw and _text(raw["SAMLEncoding"]) != DEFLATE:  # no signature covers it (bindings 3.4.4.1)
        raise BadRequest("saml_decode", "HS-34: SAMLEncoding must be DEFLATE")
    parts = [name for name in (kinds[0], "RelayState", "SigAlg") if name in raw]
    return RedirectMessage(
        kind=kinds[0],
        xml=_inflated(_text(raw[kinds[0]])),
        relay_state=_text(raw["RelayState"]) if "RelayState" in raw else None,
        signed=b"&".join(name.encode("ascii") + b"=" + raw[name] for name in parts),
        algorithm=_text(raw.get("SigAlg", b"")),
        signature=unfold(_text(raw.get("Signature", b""))) or b"",
    )


def _text(raw: bytes) -> str:
    """A decoded value; `+` is a space, as in forms. Raises BadRequest(saml_decode)."""
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("saml_decode", "HS-34: a parameter is not UTF-8") from None


def _inflated(text: str) -> bytes:
    """The XML of a deflated message, at most MAX_BYTES (HS-6). Raises BadRequest(saml_decode)."""
    packed = unfold(text)
    if packed is None:
        raise BadRequest("saml_decode", "HS-6: the message is not base64 of the alphabet of RFC 4648 4, with its padding")
    reader = zlib.decompressobj(-15)
    try:
        xml = reader.decompress(packed, MAX_BYTES + 1)
    except zlib.error:
        raise BadRequest("saml_decode", "HS-6: the message is not deflated (RFC 1951)") from None
    if len(xml) > MAX_BYTES or not reader.eof or reader.unused_data:
        raise BadRequest("saml_decode", f"HS-6: the message is not one deflated document of at most {MAX_BYTES} bytes")
    return xml
