"""HO-5, HP-42: what is usable in other people's JWKS, and what ours may show."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from broker.jose.algorithms import ALGORITHMS
from broker.jose.ed25519 import is_usable_point
from broker.jose.encoding import b64url_decode, b64url_encode
from broker.jose.errors import JoseError
from broker.jose.keys import (
    MAX_KEYS,
    PUBLIC_MEMBERS,
    PrivateKey,
    generate,
    load_private,
    public_key,
    public_keys,
    thumbprint,
    unusable_keys,
)

P25519 = 2**255 - 19


def uint(value: int) -> str:
    """Base64urlUInt."""
    return b64url_encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def without(jwk: Mapping[str, Any], *names: str, **changes: Any) -> dict[str, Any]:
    """A JWK with members left out or changed."""
    return {name: value for name, value in {**jwk, **changes}.items() if name not in names}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_public_jwk_holds_public_members_only(alg: str, signers: Mapping[str, PrivateKey]) -> None:
    """CF-05, HP-42: a schema over every key type: exact members, all text, none of a private or symmetric key."""
    jwk = signers[alg].public_jwk()
    own = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}, "OKP": {"crv", "x"}}[ALGORITHMS[alg].kty]
    assert jwk.keys() == {"kty", "kid", "use", "alg"} | own
    assert jwk.keys() <= set(PUBLIC_MEMBERS)
    assert not jwk.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert all(isinstance(value, str) for value in jwk.values())
    assert (jwk["kid"], jwk["use"], jwk["alg"]) == (f"key-{alg}", "sig", alg)
    assert generate("ES256", kid="").public_jwk().keys() == {"kty", "use", "alg", "crv", "x", "y"}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_our_jwks_reads_back(alg: str, signers: Mapping[str, PrivateKey]) -> None:
    """What we publish, others can read with the same rules."""
    (key,) = public_keys({"keys": [signers[alg].public_jwk()]})
    assert (key.kid, key.alg) == (f"key-{alg}", alg)
    assert thumbprint(key.key) == thumbprint(signers[alg].public().key)


def sealed(key: PrivateKey) -> bytes:
    """What the keyring seals: PKCS#8."""
    return key.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_private_keys_come_back_from_der(alg: str, signers: Mapping[str, PrivateKey]) -> None:
    """load_private reads what was sealed; the key does not show itself in a log."""
    again = load_private(sealed(signers[alg]), alg, "again")
    assert again.public_jwk() == {**signers[alg].public_jwk(), "kid": "again"}
    assert repr(again) == f"PrivateKey(alg='{alg}', kid='again')"


def test_load_private_refuses_what_it_does_not_know(signers: Mapping[str, PrivateKey]) -> None:
    """Other bytes, other types and other algorithms are JoseError."""
    other = ed448.Ed448PrivateKey.generate().private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for der, alg in (
        (b"", "RS256"),
        (b"junk", "RS256"),
        (other, "EdDSA"),
        (sealed(signers["ES256"]), "RS256"),
        (other, "ES512"),
    ):
        with pytest.raises(JoseError):
            load_private(der, alg, "kid")


def test_generate_and_private_key_know_the_table_only() -> None:
    """HP-39: an algorithm outside the closed set has no key."""
    for alg in ("none", "HS256", "RS384", "PS512", "ES256K", ""):
        with pytest.raises(JoseError) as refusal:
            generate(alg)
        assert refusal.value.reason == "idtoken_alg"
    with pytest.raises(JoseError):
        PrivateKey("RS256", "kid", rsa.generate_private_key(public_exponent=65537, key_size=1024))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_use_key_ops_and_alg_are_honoured(alg: str, signers: Mapping[str, PrivateKey]) -> None:
    """RFC 7517 4.2 to 4.4: use, key_ops and alg say what a key is for; malformed ones make it unusable."""
    jwk = signers[alg].public_jwk()
    assert public_key(without(jwk, "use", "alg", "kid")) is not None
    assert public_key({**jwk, "key_ops": ["verify"], "x5t": "ignored", "ext": True}) is not None
    foreign = [name for name, line in ALGORITHMS.items() if line.kty != ALGORITHMS[alg].kty]
    changes: list[dict[str, Any]] = [
        {"use": "enc"}, {"use": None}, {"use": ["sig"]}, {"key_ops": []}, {"key_ops": ["sign"]}, {"key_ops": "verify"},
        {"alg": 1}, {"alg": "none"}, {"alg": "HS256"}, {"alg": "RSA-OAEP"}, {"alg": ["RS256"]}, {"kid": 1}, {"kid": ""}, {"kid": "k" * 256},
        {"kty": "oct"}, {"kty": None}, {"kty": ["RSA"]}, {"crv": "secp256k1", "kty": "EC"}, {"kty": "OKP", "crv": "X25519"},
        *({"alg": name} for name in foreign),
    ]  # fmt: skip
    if "crv" in jwk:
        changes += [{"crv": crv} for crv in ("P-256", "P-384", "P-521", "Ed25519") if crv != jwk["crv"]]
    for change in changes:
        assert public_key({**jwk, **change}) is None, change


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_private_and_symmetric_keys_are_skipped(alg: str, member: str, signers: Mapping[str, PrivateKey]) -> None:
    """HO-5: a key with a secret member is everybody's; it proves nothing."""
    assert public_key({**signers[alg].public_jwk(), member: "AQAB"}) is None
    assert public_keys({"keys": [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "oct", "k": "AA", "alg": "HS256"}]}) == ()


def test_values_are_canonical_and_of_exact_size(signers: Mapping[str, PrivateKey]) -> None:
    """RFC 7518 2, 6.2.1.2, 6.3.1: exact sizes, no padding."""
    rs, es, ed = (signers[alg].public_jwk() for alg in ("RS256", "ES256", "EdDSA"))
    bad = [
        {**rs, "e": ""}, {**rs, "e": 65537}, {**rs, "n": "A" * 4096}, {**rs, "n": rs["n"] + "=="},
        without(rs, "n"), without(rs, "e"), {**es, "x": b64url_encode(b64url_decode(es["x"])[1:])}, {**es, "y": es["y"] + "AA"}, without(es, "y"),
        {**es, "x": es["y"], "y": es["x"]}, {**es, "x": uint(0) or "AA"}, {**ed, "x": ed["x"][:-2]}, {**ed, "x": None}, without(ed, "x"),
    ]  # fmt: skip
    for jwk in bad:
        assert public_key(jwk) is None, jwk


def test_fb_10_leading_zero_octets_are_taken(signers: Mapping[str, PrivateKey]) -> None:
    """FB-10: some write a number with the octet of its sign; it is the same number, and the same key."""
    rs = signers["RS256"].public_jwk()
    leading = {**rs, "n": b64url_encode(b"\0" + b64url_decode(rs["n"])), "e": "AAEAAQ"}
    assert public_key(leading) == public_key(rs)
    assert len(public_keys({"keys": [rs, leading]})) == 1


def test_fb_10_each_fault_is_named(signers: Mapping[str, PrivateKey]) -> None:
    """FB-10: padding, standard base64 and the rest get their true reason, without a word of the key itself."""
    rs, es = signers["RS256"].public_jwk(), signers["ES256"].public_jwk()
    faults = {
        "base64 with padding (=)": {**rs, "n": rs["n"] + "=="},
        "standard base64 (+ and /)": {**rs, "n": "+/" + rs["n"][2:]},
        "secret or private key": {**es, "d": "AQAB"},
        "use or key_ops": {**es, "use": "enc"},
        "must have 32 octets": {**es, "x": "AQAB"},
        "key type is not": {"kty": "EC", "crv": "secp256k1"},
        "is missing": without(rs, "n"),
        "of 1024 bits": {**rs, "n": b64url_encode(b"\xff" * 128)},
        "its alg": {**rs, "alg": "RS384"},
        "its kid": {**rs, "kid": ""},
        "not an object": "key",
    }
    found = unusable_keys({"keys": [rs, *faults.values(), es]})
    assert len(found) == len(faults)
    for number, (fault, said) in enumerate(zip(faults, found, strict=True), 2):
        assert said.startswith(f"key {number}: ")
        assert fault in said
        assert rs["n"][:20] not in said


def test_weak_keys_are_skipped() -> None:
    """HT-1: RSA below 2048 bits or with a small, even or huge exponent; curves that are not ours."""
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key().public_numbers()
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()
    for n, e in (
        (weak.n, weak.e),
        (numbers.n, 3),
        (numbers.n, 1),
        (numbers.n, 65536),
        (numbers.n, 2**64 + 1),
        (numbers.n + 1, 65537),
    ):
        assert public_key({"kty": "RSA", "n": uint(n), "e": uint(e)}) is None, (n.bit_length(), e)
    other = ec.generate_private_key(ec.SECP256K1()).public_key().public_numbers()
    for crv in ("secp256k1", "P-256", "P-384", "P-521"):
        assert public_key({"kty": "EC", "crv": crv, "x": uint(other.x), "y": uint(other.y)}) is None


def test_points_off_the_curve_are_skipped(signers: Mapping[str, PrivateKey]) -> None:
    """HT-1: a P-256 point off the curve, an Ed25519 point off the curve, out of range, or of small order (RFC 8032 5.1.3)."""
    es = signers["ES256"].public_jwk()
    off = bytearray(b64url_decode(es["y"]))
    off[0] ^= 1
    assert public_key({**es, "y": b64url_encode(bytes(off))}) is None
    order_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
    order_8_again = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    small = [
        0,
        1,
        P25519 - 1,
        P25519,
        P25519 + 1,
        2**255 - 1,
        int.from_bytes(order_8, "little"),
        int.from_bytes(order_8_again, "little"),
    ]
    for y in small:
        for sign in (0, 1 << 255):
            assert not is_usable_point((y | sign).to_bytes(32, "little")), y
    assert public_key({"kty": "OKP", "crv": "Ed25519", "x": b64url_encode((2).to_bytes(32, "little"))}) is None


@given(st.binary(min_size=32, max_size=32))
def test_every_real_ed25519_key_is_a_point(seed: bytes) -> None:
    """No honest key is refused; of arbitrary octets about half are points, and none raises."""
    assert is_usable_point(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())
    assert is_usable_point(seed) in {True, False}


@pytest.mark.parametrize(
    "jwks", [None, [], "", 1, {}, {"keys": None}, {"keys": {}}, {"keys": "a"}, {"keys": [{}] * (MAX_KEYS + 1)}]
)
def test_what_is_no_jwks(jwks: Any) -> None:
    """A document of another shape, or beyond the cap, is a refusal."""
    with pytest.raises(JoseError) as refusal:
        public_keys(jwks)
    assert refusal.value.reason == "idtoken_key"


def test_a_key_given_twice_counts_once(signers: Mapping[str, PrivateKey]) -> None:
    """HO-5: a repetition is not a second key; the same material under another name is."""
    jwk = signers["ES256"].public_jwk()
    assert len(public_keys({"keys": [jwk, dict(jwk), {**jwk, "x5c": []}, 1, None, "a", []]})) == 1
    assert len(public_keys({"keys": [jwk, {**jwk, "kid": "other"}]})) == 2


@given(st.recursive(st.none() | st.integers() | st.text(max_size=50) | st.booleans() | st.floats(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["keys", "kty", "n", "e", "crv", "x", "y", "use", "alg", "kid", "key_ops"]), inner, max_size=8)))  # fmt: skip
def test_any_document_is_keys_or_a_refusal(document: Any) -> None:
    """HO-5: nothing but JoseError leaves the reader."""
    with contextlib.suppress(JoseError):
        assert isinstance(public_keys(document), tuple)
    assert public_key(document) is None


@given(
    st.sampled_from(["RSA", "EC", "OKP"]),
    st.sampled_from(["P-256", "Ed25519", None]),
    st.binary(max_size=40),
    st.binary(max_size=40),
)
def test_any_values_are_a_key_or_skipped(kty: str, crv: str | None, one: bytes, two: bytes) -> None:
    """Random members of the right shape never raise."""
    a, b = b64url_encode(one), b64url_encode(two)
    key = public_key({"kty": kty, "crv": crv, "x": a, "y": b, "n": a, "e": b})
    assert key is None or (kty == "OKP" and crv == "Ed25519")


def test_dsa_is_no_algorithm_of_ours() -> None:
    """The table's `fits` says no to a foreign type instead of failing."""
    foreign: Any = dsa.generate_private_key(1024).public_key()
    assert not any(line.fits(foreign) for line in ALGORITHMS.values())
    assert json.dumps(sorted(ALGORITHMS)) == '["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "RS256", "RS512"]'
