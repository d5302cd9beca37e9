"""Limits of keys: sizes, names, PEM files and spellings."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

from broker.jose.algorithms import ALGORITHMS, PrivateMaterial
from broker.jose.encoding import b64url_decode, b64url_encode
from broker.jose.keys import PrivateKey, PublicKey, generate, load_pem, load_private, public_key, public_keys, unusable_keys
from broker.jose.sign import sign
from broker.jose.verify import verify
from tests.jose.test_limits import LOCKED, OPEN, PKCS8, Signers, refusal


def test_a_jwks_has_up_to_200_keys(signers: Signers) -> None:
    """HO-5: 200 entries are read, 201 refused."""
    jwk = signers["ES256"].public_jwk()
    assert len(public_keys({"keys": [jwk | {"kid": f"{number}"} for number in range(200)]})) == 200
    assert refusal(public_keys, {"keys": [jwk] * 201}).reason == "idtoken_key"


@pytest.mark.parametrize("kid", ["k", "k" * 255])
def test_a_name_of_a_key_has_1_to_255_characters(kid: str, signers: Signers) -> None:
    """HO-5: in a JWKS and in a token; the type of the token is its default, or JWT."""
    named = PrivateKey("ES256", kid, signers["ES256"].key)
    key = public_key(named.public_jwk())
    assert key is not None
    for typ in (None, "JWT"):
        assert verify(sign(named, {"a": 1}, typ=typ), [key], ["ES256"]).claims == {"a": 1}
    assert refusal(verify, sign(named, {"a": 1}, typ="JWTX"), [key], ["ES256"]).reason == "idtoken_header"
    assert public_key(named.public_jwk() | {"kid": kid[:-1] * 2 or ""}) is None


def test_one_key_for_two_algorithms_is_two_entries(signers: Signers) -> None:
    """HO-5: what differs in name, algorithm or material is not a repetition."""
    rs, other = signers["RS256"].public_jwk(), generate("ES256", kid="key-ES256").public_jwk()
    both = public_keys({"keys": [rs, rs | {"alg": "PS256"}]})
    assert [key.alg for key in both] == ["RS256", "PS256"]
    assert len(public_keys({"keys": [signers["ES256"].public_jwk(), other]})) == 2


def test_a_key_signs_for_its_declared_algorithm_only(signers: Signers) -> None:
    """HO-3, RFC 7517 4.4: a key declared for RS256 verifies no PS256, though the signature of the same key is right."""
    key = signers["RS256"].key
    signed = sign(PrivateKey("PS256", "key-RS256", key), {"a": 1})
    assert refusal(verify, signed, [signers["RS256"].public()], tuple(ALGORITHMS)).reason == "idtoken_key"
    undeclared = PublicKey("key-RS256", None, key.public_key())
    assert verify(signed, [undeclared], tuple(ALGORITHMS)).claims == {"a": 1}
    assert not any(undeclared.fits(alg) for alg in ("none", "HS256", "ES256", "EdDSA", ""))


def test_a_generated_key_has_the_size_and_name_it_should() -> None:
    """HT-1: 2048 bits and 65537; a key without a name has none."""
    for alg in ("RS256", "PS256"):
        key = generate(alg).key
        assert isinstance(key, rsa.RSAPrivateKey)
        assert (key.key_size, key.public_key().public_numbers().e) == (2048, 65537)
    assert generate("ES256", kid="").public().kid is None
    assert generate("EdDSA").kid


def broken_rsa(signers: Signers) -> rsa.RSAPrivateKey:
    """A key whose private exponent is not that of its modulus."""
    key = signers["RS256"].key
    assert isinstance(key, rsa.RSAPrivateKey)
    n = key.private_numbers()
    wrong = rsa.RSAPrivateNumbers(n.p, n.q, n.d - 2, n.dmp1, n.dmq1, n.iqmp, n.public_numbers)
    return wrong.private_key(unsafe_skip_rsa_key_validation=True)


def with_unknown_curve(key: PrivateMaterial, encoding: serialization.Encoding) -> bytes:
    """A private key whose curve has a name that no library knows."""
    der = key.private_bytes(serialization.Encoding.DER, PKCS8, OPEN)
    der = der.replace(bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d030109"))
    if encoding is serialization.Encoding.DER:
        return der
    return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_pem_file_is_read(alg: str, signers: Signers) -> None:
    """HP-39: a key of somebody's file comes back as it was written."""
    pem = signers[alg].key.private_bytes(serialization.Encoding.PEM, PKCS8, OPEN)
    assert load_pem(pem, alg, "named").public_jwk() == signers[alg].public_jwk() | {"kid": "named"}


def test_private_keys_that_cannot_be_used_are_refused(signers: Signers) -> None:
    """HP-39: junk, a password, a type or a curve that is not ours; the reason is the key's, whatever the library says."""
    es = signers["ES256"].key
    foreign: list[ed448.Ed448PrivateKey | ec.EllipticCurvePrivateKey] = [
        ed448.Ed448PrivateKey.generate(),
        ec.generate_private_key(ec.SECP384R1()),
    ]
    for encoding, load in ((serialization.Encoding.DER, load_private), (serialization.Encoding.PEM, load_pem)):
        bad = [b"", b"junk", es.private_bytes(encoding, PKCS8, LOCKED)]
        bad += [key.private_bytes(encoding, PKCS8, OPEN) for key in foreign]
        bad.append(with_unknown_curve(es, encoding))
        for data in bad:
            for alg in ("ES256", "EdDSA"):
                assert refusal(load, data, alg, "kid").reason == "idtoken_key"
    pem = broken_rsa(signers).private_bytes(serialization.Encoding.PEM, PKCS8, OPEN)
    assert refusal(load_pem, pem, "RS256", "kid").reason == "idtoken_key"
    assert refusal(PrivateKey, "RS256", "kid", es).reason == "idtoken_key"


def test_numbers_have_up_to_2048_characters(signers: Signers) -> None:
    """FB-10: leading zero octets are taken up to the limit, and beyond it nothing is computed."""
    rs = signers["RS256"].public_jwk()
    n = b64url_decode(rs["n"])
    longest, longer = (rs | {"n": b64url_encode(n.rjust(octets, b"\0"))} for octets in (1536, 1537))
    assert (len(longest["n"]), public_key(longest)) == (2048, public_key(rs))
    for jwk in (longer, rs | {"n": "A" * 2049}):
        assert "more than 2048 characters" in unusable_keys({"keys": [jwk]})[0]


def test_each_wrong_spelling_has_its_own_fault(signers: Signers) -> None:
    """FB-10: one foreign character is enough to name the spelling."""
    rs = signers["RS256"].public_jwk()
    faults: dict[str, list[dict[str, Any]]] = {
        "standard base64": [rs | {"n": "+" + rs["n"][1:]}, rs | {"n": "/" + rs["n"][1:]}, rs | {"n": "+" + rs["n"][1:] + "="}],
        "padding": [rs | {"n": rs["n"] + "=="}],
        "something else": [rs | {"n": "!" + rs["n"][1:]}, rs | {"n": rs["n"][:-1] + " "}],
        "an empty number": [rs | {"n": ""}, rs | {"e": ""}],
        "wrong type": [rs | {"n": 65537}, rs | {"e": None}, rs | {"n": ["A"] * 3000}],
        "no product of two primes": [rs | {"n": b64url_encode(b"\xfe" * 256)}],
    }
    for fault, keys in faults.items():
        for jwk in keys:
            assert fault in unusable_keys({"keys": [jwk]})[0], json.dumps(jwk)
