"""Known answers of the standards: other people's signatures verify here, and our deterministic ones equal theirs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.jose.algorithms import ALGORITHMS
from broker.jose.encoding import b64url_decode, b64url_encode
from broker.jose.keys import PrivateKey, public_key, thumbprint
from broker.jose.sign import half_hash, sign
from broker.jose.verify import verify
from tests.jose.handmade import CLAIMS, Signers

RFC7515_PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
RFC7515_A2_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
RFC7515_A2_SIGNATURE = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
RFC7515_A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC7515_A3_SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
RFC8037_D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
RFC8037_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC8037_SIGNATURE = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"


def verifies(jwk: dict[str, Any], alg: str, signing_input: str, signature: str) -> bool:
    """Whether the table's line takes the signature."""
    key = public_key(jwk)
    assert key is not None
    return ALGORITHMS[alg].verify(key.key, b64url_decode(signature), signing_input.encode())


def test_rs256_of_rfc7515() -> None:
    """RFC 7515 appendix A.2."""
    signing_input = b64url_encode(b'{"alg":"RS256"}') + "." + RFC7515_PAYLOAD
    assert verifies(RFC7515_A2_KEY, "RS256", signing_input, RFC7515_A2_SIGNATURE)
    assert not verifies(RFC7515_A2_KEY, "PS256", signing_input, RFC7515_A2_SIGNATURE)


def test_es256_of_rfc7515() -> None:
    """RFC 7515 appendix A.3: raw r || s."""
    signing_input = b64url_encode(b'{"alg":"ES256"}') + "." + RFC7515_PAYLOAD
    assert verifies(RFC7515_A3_KEY, "ES256", signing_input, RFC7515_A3_SIGNATURE)
    assert not verifies(RFC7515_A3_KEY, "ES256", signing_input + "a", RFC7515_A3_SIGNATURE)


def test_ed25519_of_rfc8037() -> None:
    """RFC 8037 appendix A.4 and A.5: Ed25519 is deterministic, so both directions are known answers."""
    signing_input = b64url_encode(b'{"alg":"EdDSA"}') + "." + b64url_encode(b"Example of Ed25519 signing")
    private = PrivateKey("EdDSA", "", Ed25519PrivateKey.from_private_bytes(b64url_decode(RFC8037_D)))
    assert private.public_jwk()["x"] == RFC8037_X
    assert b64url_encode(ALGORITHMS["EdDSA"].sign(private.key, signing_input.encode())) == RFC8037_SIGNATURE
    assert verifies({"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X}, "EdDSA", signing_input, RFC8037_SIGNATURE)


def test_thumbprint_of_rfc8037() -> None:
    """RFC 8037 appendix A.3."""
    key = public_key({"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X})
    assert key is not None
    assert thumbprint(key.key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_thumbprint_of_rfc7638() -> None:
    """RFC 7638 section 3.1."""
    modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    key = public_key({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert key is not None
    assert thumbprint(key.key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_half_hash_of_core() -> None:
    """Core appendix A.3: at_hash of the example, the left half of SHA-256."""
    assert half_hash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


@pytest.mark.parametrize(
    ("alg", "name", "size"),
    [
        ("RS256", "sha256", 16),
        ("PS256", "sha256", 16),
        ("ES256", "sha256", 16),
        ("EdDSA", "sha512", 32),
        ("RS512", "sha512", 32),
        ("PS384", "sha384", 24),
        ("ES384", "sha384", 24),
        ("ES512", "sha512", 32),
    ],
)
def test_half_hash_by_algorithm(alg: str, name: str, size: int) -> None:
    """HP-39: the hash of at_hash and c_hash comes from the one table."""
    assert b64url_decode(half_hash(alg, "token")) == hashlib.new(name, b"token").digest()[:size]


@pytest.mark.parametrize("alg", [name for name in ALGORITHMS if name != "EdDSA"])  # its known answers are above
def test_another_library_reads_and_writes_the_same(alg: str, signers: Signers) -> None:
    """RFC 7518 3.3 to 3.5: joserfc verifies our signature, and we verify its signature."""
    from joserfc import jwk, jws

    key = signers[alg]
    pem = key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    theirs = (jwk.RSAKey if ALGORITHMS[alg].kty == "RSA" else jwk.ECKey).import_key(pem)
    assert json.loads(jws.deserialize_compact(sign(key, CLAIMS), theirs, algorithms=[alg]).payload) == CLAIMS
    token = jws.serialize_compact({"alg": alg, "kid": key.kid}, json.dumps(CLAIMS), theirs, algorithms=[alg])
    assert verify(token, [key.public()], [alg]).claims == CLAIMS
