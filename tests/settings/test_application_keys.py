"""The key set of an application file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.jose.keys import generate, public_keys
from broker.settings import load
from broker.settings.model import ApplicationFile
from tests.settings.homes import ENVIRON, good, of, write

KEY = generate("ES256", "k1").public_jwk()

JWKS = {
    "none.json": "jwks: 'none.json' cannot be read; write a path that exists, relative to the home",
    "config": "jwks: 'config' cannot be read; write a path that exists, relative to the home",
    "bad.json": "jwks: 'bad.json' is not JSON; write a file that holds a key set of RFC 7517",
    "deep.json": "jwks: 'deep.json' is not JSON; write a file that holds a key set of RFC 7517",
    "big.json": "jwks: 'big.json' is larger than 64 KiB; write a file that holds this application's keys only",
    "list.json": "jwks: is no key set; write keys: [...] of RFC 7517, or the path of a JSON file that holds it",
    "3": "jwks: is no key set; write keys: [...] of RFC 7517, or the path of a JSON file that holds it",
    "{keys: []}": "jwks: is no key set; write keys: [...] of RFC 7517, or the path of a JSON file that holds it",
    "{keys: x}": "jwks: is no key set; write keys: [...] of RFC 7517, or the path of a JSON file that holds it",
    "{keys: [{kty: oct, k: AAAA}]}": "jwks.keys.0: is a symmetric key; write a public key, or use client_secret",
    "{keys: [{kty: EC, crv: P-256, x: AA, y: AA, d: AA}]}": (
        "jwks.keys.0: is a private key; write only its public members, and replace the key: others may have read this file"
    ),
    "{keys: [{x: y}]}": "jwks.keys.0: is no key; write a JSON Web Key with kty",
    "{keys: [x]}": "jwks.keys.0: is no key; write a JSON Web Key with kty",
    "{keys: [{kty: RSA, n: AQAB, e: AQAB}]}": (
        "jwks: holds no key that can verify; write an RSA key of 2048 bits or more, an EC P-256 or an Ed25519 key"
    ),
}


@pytest.mark.parametrize("jwks", JWKS)
def test_what_is_no_key_set(jwks, tmp_path: Path):
    """HO-5, HP-42: public asymmetric keys only, inline or from a file."""
    files = {"bad.json": "{", "big.json": " " * 65537, "list.json": "[]", "deep.json": "[" * 60000}
    assert of("application", write(tmp_path, files), f"name: x\njwks: {jwks}\n") == [f"2: {JWKS[jwks]}"]


def test_every_bad_key_is_named(tmp_path: Path):
    """CF-02: all errors at once, each with its own line."""
    text = f"name: x\njwks:\n  keys:\n    - {json.dumps(KEY)}\n    - {{kty: oct, k: AAAA}}\n    - {{x: y}}\n"
    assert of("application", tmp_path, text) == [
        "5: jwks.keys.1: is a symmetric key; write a public key, or use client_secret",
        "6: jwks.keys.2: is no key; write a JSON Web Key with kty",
    ]


def test_a_key_set_without_a_home():
    """A model that is built by hand takes inline keys; a path needs a home."""
    assert ApplicationFile.model_validate({"name": "x", "jwks": {"keys": [KEY]}}).client_type == "private_key_jwt"
    with pytest.raises(ValueError, match="no home is known"):
        ApplicationFile.model_validate({"name": "x", "jwks": "keys.json"})


def test_key_sets_inline_and_from_a_file_are_the_same(tmp_path: Path):
    """`jwks` is parsed where it is read: everybody gets a mapping."""
    write(tmp_path, {"config/keys.json": json.dumps({"keys": [KEY]})})
    good(tmp_path, application=f"name: x\njwks: {json.dumps({'keys': [KEY]})}\n")
    write(tmp_path, {"config/applications/other.yaml": "name: y\njwks: config/keys.json\n"})
    settings = load.load(tmp_path, ENVIRON)
    jwks = settings.applications["payroll"].jwks
    assert jwks is not None
    assert jwks == settings.applications["other"].jwks
    assert [key.kid for key in public_keys(jwks)] == ["k1"]
