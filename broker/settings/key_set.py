"""The public keys of an application, in its file or in a JSON file (HO-5, HP-42)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from broker.settings.errors import Problem, Wrong
from broker.settings.values import home_of, remember

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC 7518 6.2.2, 6.3.2, 6.4
JWKS_LIMIT = 64 * 1024  # bytes


def _jwks(value: object, info: ValidationInfo) -> object:
    """The public keys of the application: inline, or the path of a JSON file."""
    if isinstance(value, str):
        value = _jwks_file(value, info)
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not keys:
        raise Wrong("is no key set; write keys: [...] of RFC 7517, or the path of a JSON file that holds it")
    problems = [Problem(text, at=("keys", number)) for number, key in enumerate(keys) for text in _key_problems(key)]
    if problems:
        raise Wrong(*problems)
    from broker.jose.algorithms import OUR_ALGORITHMS
    from broker.jose.keys import public_keys

    if not any(key.fits(alg) for key in public_keys({"keys": keys}) for alg in OUR_ALGORITHMS):
        raise Wrong("holds no key that can verify; write an RSA key of 2048 bits or more, an EC P-256 or an Ed25519 key")
    return {"keys": [dict(key) for key in keys]}


def _jwks_file(path: str, info: ValidationInfo) -> object:
    home = home_of(info)
    if home is None:
        raise Wrong("is a path, but no home is known; write the keys themselves")
    remember(info, home / path)
    try:
        with (home / path).open("rb") as stream:
            raw = stream.read(JWKS_LIMIT + 1)
        if len(raw) > JWKS_LIMIT:
            raise Wrong("{value} is larger than 64 KiB; write a file that holds this application's keys only", value=path)
        return json.loads(raw)
    except OSError:
        raise Wrong("{value} cannot be read; write a path that exists, relative to the home", value=path) from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, Wrong):
            raise
        raise Wrong("{value} is not JSON; write a file that holds a key set of RFC 7517", value=path) from None


def _key_problems(key: object) -> Iterator[str]:
    """HO-5, HP-42: a key set of an application holds public keys only."""
    if not isinstance(key, dict) or not isinstance(key.get("kty"), str):
        yield "is no key; write a JSON Web Key with kty"
    elif key["kty"] == "oct":
        yield "is a symmetric key; write a public key, or use client_secret"
    elif PRIVATE_MEMBERS & key.keys():
        yield "is a private key; write only its public members, and replace the key: others may have read this file"


Jwks = Annotated[
    dict[str, Any],
    BeforeValidator(_jwks),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "required": ["keys"]}]}),
]
