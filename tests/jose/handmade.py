"""Tokens made by hand, and why they are refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from broker.jose.algorithms import ALGORITHMS
from broker.jose.encoding import b64url_encode
from broker.jose.errors import JoseError
from broker.jose.keys import PrivateKey, PublicKey
from broker.jose.verify import verify

CLAIMS = {"iss": "https://idp.example", "sub": "a", "n": [1, {"ü": "€"}]}
ANY = tuple(ALGORITHMS)
Signers = Mapping[str, PrivateKey]


def publics(signers: Signers) -> tuple[PublicKey, ...]:
    """The JWKS that a verifier holds."""
    return tuple(key.public() for key in signers.values())


def handmade(header: Any, payload: Any = CLAIMS, key: PrivateKey | None = None, *, raw: bytes | None = None) -> str:
    """A token of any header, validly signed if a key is given."""
    first = raw if raw is not None else json.dumps(header).encode()
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signing_input = f"{b64url_encode(first)}.{b64url_encode(body)}"
    signature = ALGORITHMS[key.alg].sign(key.key, signing_input.encode()) if key else b""
    return f"{signing_input}.{b64url_encode(signature)}"


def reason(token: Any, keys: Sequence[PublicKey] = (), algorithms: Sequence[str] = ANY, **more: Any) -> str:
    """Why the token is refused."""
    with pytest.raises(JoseError) as refusal:
        verify(token, keys, algorithms, **more)
    return refusal.value.reason
