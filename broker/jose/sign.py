"""Writing compact JWS (RFC 7515 7.1), and the half hashes of OpenID Connect."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from broker.jose.encoding import b64url_encode, dump_json
from broker.jose.keys import PrivateKey, algorithm


def sign(key: PrivateKey, claims: Mapping[str, Any], *, typ: str | None = None, header: Mapping[str, Any] | None = None) -> str:
    """A signed token; `kid` stands in every header (HP-51). typ: as RFC 8725 3.11, e.g. `logout+jwt`.

    header: further members (x5t of a client assertion); alg, kid and typ cannot be replaced. Raises JoseError
    (idtoken_alg) outside the table, ValueError for a header that tries, or claims that are no JSON.
    """
    line = algorithm(key.alg)  # HP-39: checked again when signing
    members: dict[str, Any] = {"alg": key.alg}
    if key.kid:
        members["kid"] = key.kid
    if typ is not None:
        members["typ"] = typ
    if header:
        if {"alg", "kid", "typ"} & header.keys():
            raise ValueError("alg, kid and typ are not the caller's to set")
        members.update(header)
    signing_input = f"{b64url_encode(dump_json(members))}.{b64url_encode(dump_json(dict(claims)))}".encode("ascii")
    return f"{signing_input.decode('ascii')}.{b64url_encode(line.sign(key.key, signing_input))}"


def half_hash(alg: str, value: str) -> str:
    """at_hash and c_hash: the left half of the hash of the value's ASCII octets (Core 3.1.3.6). Raises JoseError (idtoken_alg)."""
    digest = hashlib.new(algorithm(alg).half_hash, value.encode("utf-8")).digest()
    return b64url_encode(digest[: len(digest) // 2])
