"""JWE: another library opens what we encrypt; keys that are for something else are never used (TK-21)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwe, jwk

from broker.jose.encoding import b64url_decode
from broker.jose.encrypt import CONTENT_ALGORITHMS, ENCRYPTION_ALGORITHMS, encrypt, encryption_key
from broker.jose.keys import generate, public_members

PRIVATE: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
    "RSA": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
}


def published(name: str, **members: Any) -> dict[str, Any]:
    """The JWK of one of the keys, for encryption."""
    return {"use": "enc", "kid": f"enc-{name}", **public_members(PRIVATE[name].public_key()), **members}


def theirs(name: str) -> Any:
    """The private key, as joserfc takes it."""
    pem = PRIVATE[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (jwk.RSAKey if name == "RSA" else jwk.ECKey).import_key(pem)


@pytest.mark.parametrize("enc", CONTENT_ALGORITHMS)
@pytest.mark.parametrize(
    ("alg", "name"),
    [(alg, name) for alg in ENCRYPTION_ALGORITHMS for name in PRIVATE if (name == "RSA") == (alg == "RSA-OAEP-256")],
)
def test_another_library_opens_it(alg: str, name: str, enc: str) -> None:
    """RFC 7518 4.3, 4.6, 5.2, 5.3: each pair, for each type and curve; the header says kid and cty, and is authenticated."""
    key = encryption_key({"keys": [published(name)]}, alg)
    assert key is not None
    for plain in (b"", b"a.b.c", "h\u00e9".encode() * 500):
        token = encrypt(plain, key, enc, cty="JWT")
        opened = jwe.decrypt_compact(token, theirs(name), algorithms=[alg, enc])
        assert opened.plaintext == plain
        header = json.loads(b64url_decode(token.split(".")[0]))
        assert {"alg": alg, "enc": enc, "kid": f"enc-{name}", "cty": "JWT"}.items() <= header.items()
        assert header.keys() - {"epk"} == {"alg", "enc", "kid", "cty"}
        head, *rest = token.split(".")
        with pytest.raises(Exception, match=r".+"):
            jwe.decrypt_compact(".".join([head, *rest[:-1], "A" * len(rest[-1])]), theirs(name), algorithms=[alg, enc])


def test_nothing_repeats() -> None:
    """RFC 7518 8.4, 4.6.1.1: a new content key, vector and ephemeral key for each message."""
    for alg, name in (("RSA-OAEP-256", "RSA"), ("ECDH-ES", "P-256"), ("ECDH-ES+A256KW", "P-256")):
        key = encryption_key({"keys": [published(name)]}, alg)
        assert key is not None
        one, two = (encrypt(b"same", key, "A256GCM").split(".") for _ in range(2))
        assert [part for part, other in zip(one, two, strict=True) if part and part == other] == (
            [one[0]] if name == "RSA" else []
        )


def test_which_key_is_used() -> None:
    """TK-21, RFC 7517 4.2, 4.4: published for encryption, of the right type and algorithm; the first one of them."""
    signing = generate("ES256").public_jwk()
    good, other = published("P-256"), published("P-256", kid="second")
    assert encryption_key({"keys": [signing, good, other]}, "ECDH-ES") == encryption_key({"keys": [good]}, "ECDH-ES")
    unusable: list[Any] = [
        [signing], [published("P-256", use="sig")], [{k: v for k, v in good.items() if k != "use"}], [published("RSA")], [{**good, "d": "AQAB"}],
        [{**good, "alg": "ECDH-ES+A128KW"}], [{**good, "kid": 1}], [{**good, "x": good["y"]}], [{**good, "crv": "secp256k1"}], [1, None, "key"], [], "keys", None,
        [{"use": "enc", "kty": "oct", "k": "c2VjcmV0"}], [{"use": "enc", **public_members(generate("EdDSA").key.public_key())}],
    ]  # fmt: skip
    for keys in unusable:
        assert encryption_key({"keys": keys}, "ECDH-ES") is None, keys
    assert encryption_key(None, "ECDH-ES") is None
    assert encryption_key({"keys": [good]}, "RSA-OAEP-256") is None
    for alg in ("dir", "RSA1_5", "RSA-OAEP", "A128KW", "PBES2-HS256+A128KW", ""):
        assert encryption_key({"keys": [published("P-256"), published("RSA")]}, alg) is None


def test_weak_rsa_keys_are_not_used() -> None:
    """HT-1: 2048 bits at least."""
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    assert encryption_key({"keys": [{"use": "enc", **public_members(weak)}]}, "RSA-OAEP-256") is None
