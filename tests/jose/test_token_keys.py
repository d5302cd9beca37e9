"""Which key verifies a token: kid, refresh, keys that come twice (HT-20, FB-04, FB-10)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from broker.jose.algorithms import ALGORITHMS
from broker.jose.encoding import b64url_encode
from broker.jose.errors import JoseError
from broker.jose.keys import PrivateKey, PublicKey, generate
from broker.jose.sign import sign
from broker.jose.verify import parse, verify
from tests.jose.handmade import ANY, CLAIMS, Signers, handmade, publics, reason


@pytest.mark.parametrize(
    "alg",
    [
        "none",
        pytest.param("None", id="None-text"),
        "nOnE",
        "NONE",
        "",
        None,
        0,
        [],
        "missing",
        "HS256",
        "HS512",
        "RS1",
        "RS384",
        "ES256K",
        "Ed25519",
        "rs256",
    ],
)
def test_algorithms_that_do_not_exist(alg: Any, signers: Signers) -> None:
    """OU-01, HO-3: none in any spelling, a missing or foreign one; whatever the payload and the signature are."""
    header = {"kid": "key-RS256"} if alg == "missing" else {"alg": alg, "kid": "key-RS256"}
    for token in (handmade(header), handmade(header, key=signers["RS256"]), handmade(header, b"\xff not decoded") + "!"):
        assert reason(token, publics(signers)) == "idtoken_alg"
        assert reason(token, publics(signers), [*ANY, "none", "HS256", ""]) == "idtoken_alg"
        with pytest.raises(JoseError) as refusal:
            parse(token)
        assert refusal.value.reason == "idtoken_alg"


def test_public_key_as_hmac_secret(signers: Signers) -> None:
    """OU-02: HS256 keyed with the public key, in each of its spellings, is no algorithm here."""
    public = signers["RS256"].key.public_key()
    spellings = [
        public.public_bytes(encoding, form)
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
        for form in (serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1)
    ]
    for secret in spellings:
        unsigned = handmade({"alg": "HS256", "kid": "key-RS256"}).rpartition(".")[0]
        token = f"{unsigned}.{b64url_encode(hmac.digest(secret, unsigned.encode(), hashlib.sha256))}"
        assert reason(token, publics(signers)) == "idtoken_alg"


@pytest.mark.parametrize("said", ALGORITHMS)
@pytest.mark.parametrize("made", ALGORITHMS)
def test_cross_algorithm_confusion(said: str, made: str, signers: Signers) -> None:
    """HO-3: the header's algorithm, the key's and the signature's are one; every other pair is refused."""
    declared, undeclared = publics(signers), tuple(PublicKey(key.kid, None, key.key) for key in publics(signers))
    for kid in (f"key-{said}", f"key-{made}"):
        token = handmade({"alg": said, "kid": kid}, key=signers[made])
        for keys in (declared, undeclared):
            if said == made:
                assert verify(token, keys, ANY).claims == CLAIMS
            else:
                assert reason(token, keys) in {"idtoken_key", "idtoken_signature"}
    if said != made:
        assert reason(handmade({"alg": said, "kid": f"key-{said}"}, key=signers[said]), declared, [made]) == "idtoken_alg"


def test_thumbprints_are_ignored(signers: Signers) -> None:
    """HO-4: x5t and x5t#S256 (Entra ID sends them) select nothing."""
    token = handmade({"alg": "ES256", "kid": "key-ES256", "x5t": "abc", "x5t#S256": ["x"], "typ": "JWT"}, key=signers["ES256"])
    assert verify(token, publics(signers), ["ES256"]).claims == CLAIMS


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "k" * 255, "key-RS256\0", "KEY-ES256", " key-ES256"])
def test_kid_is_compared_and_nothing_else(kid: str, signers: Signers) -> None:
    """OU-09, HO-5: a path, SQL, another case: no key of that name."""
    assert reason(handmade({"alg": "ES256", "kid": kid}, key=signers["ES256"]), publics(signers)) in {
        "idtoken_key",
        "idtoken_format",
    }


@pytest.mark.parametrize("kid", [None, 1, True, "", [], {}, ["key-ES256"], "k" * 256, "k" * 2**20])
def test_kid_is_a_short_string(kid: Any, signers: Signers) -> None:
    """OU-09: no string, empty, or 1 MiB long."""
    assert reason(handmade({"alg": "ES256", "kid": kid}, key=signers["ES256"]), publics(signers)) == "idtoken_header"


def test_kid_names_exactly_one_key_and_without_it_one_must_fit(signers: Signers) -> None:
    """HO-5: two keys of one name that both fit, none, or a choice without a name, are refused."""
    mine, other = signers["ES256"], generate("ES256", kid="key-ES256")
    token = sign(mine, CLAIMS)
    assert reason(token, [mine.public(), other.public()]) == "idtoken_key"
    assert reason(token, []) == "idtoken_key"
    assert reason(token, [PublicKey(None, None, mine.public().key)]) == "idtoken_key"
    assert verify(token, [mine.public(), PublicKey("key-ES256", "RS256", signers["RS256"].public().key)], ANY).claims == CLAIMS
    nameless = sign(PrivateKey("ES256", "", mine.key), CLAIMS)
    assert "kid" not in parse(nameless).header
    assert verify(nameless, publics(signers), ANY).claims == CLAIMS
    assert reason(nameless, [*publics(signers), other.public()]) == "idtoken_key"
    assert reason(nameless, [other.public()]) == "idtoken_signature"


def test_fb_04_refresh_is_asked_where_no_key_verifies(signers: Signers) -> None:
    """FB-04, HO-6: an unknown kid asks once for newer keys, and so does a known one whose key did not sign."""
    asked: list[bool] = []
    old = generate("ES256", kid="old")

    def source(refresh: bool) -> Sequence[PublicKey]:
        asked.append(refresh)
        return [old.public(), *(publics(signers) if refresh else ())]

    assert verify(sign(signers["ES256"], CLAIMS), source, ANY).claims == CLAIMS
    assert asked == [False, True]
    asked.clear()
    assert verify(sign(old, CLAIMS), source, ANY).claims == CLAIMS
    assert asked == [False]
    asked.clear()
    assert reason(sign(generate("ES256", kid="old"), CLAIMS), source) == "idtoken_signature"  # type: ignore[arg-type]
    assert asked == [False, True]
    asked.clear()
    assert reason(sign(generate("ES256", kid="new"), CLAIMS), source) == "idtoken_key"  # type: ignore[arg-type]
    assert asked == [False, True]
    asked.clear()
    for malformed in (
        handmade({"alg": "none"}),
        handmade({"alg": "ES256", "crit": []}),
        "a.b.c",
        sign(old, CLAIMS, typ="at+jwt"),
    ):
        assert reason(malformed, source).startswith("idtoken_")  # type: ignore[arg-type]
    assert asked == []


def test_fb_04_a_new_key_under_the_same_kid(signers: Signers) -> None:
    """FB-04: the key set that the refresh brings has another key of that name, and it verifies."""
    old, new = generate("ES256", kid="signing"), PrivateKey("ES256", "signing", signers["ES256"].key)
    assert verify(sign(new, CLAIMS), lambda refresh: [(new if refresh else old).public()], ["ES256"]).claims == CLAIMS
    assert reason(sign(old, CLAIMS), [new.public()]) == "idtoken_signature"


def test_fb_10_the_same_key_twice_is_one_key(signers: Signers) -> None:
    """FB-10, HO-5: with and without alg, or under two names, it is still one key; two keys of one name are two."""
    mine = signers["ES256"]
    again = [mine.public(), PublicKey("key-ES256", None, mine.key.public_key()), PublicKey("second", None, mine.key.public_key())]
    assert verify(sign(mine, CLAIMS), again, ANY).claims == CLAIMS
    assert verify(sign(PrivateKey("ES256", "", mine.key), CLAIMS), again, ANY).claims == CLAIMS
    two = [mine.public(), generate("ES256", kid="key-ES256").public()]
    with pytest.raises(JoseError) as refusal:
        verify(sign(mine, CLAIMS), two, ANY)
    assert (refusal.value.reason, refusal.value.detail) == ("idtoken_key", "several keys have its kid")


def test_refresh_for_a_token_without_kid(signers: Signers) -> None:
    """HO-6: where the partner names no keys, a rollover shows as a signature that does not fit."""
    old, new = generate("ES256", kid=""), PrivateKey("ES256", "", signers["ES256"].key)
    assert verify(sign(new, CLAIMS), lambda refresh: [(new if refresh else old).public()], ["ES256"]).claims == CLAIMS


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_line_of_the_table_takes_its_own_key_only(alg: str, signers: Signers) -> None:
    """HT-1: signing with a foreign key type fails, verifying with one is a no."""
    for other, key in signers.items():
        if ALGORITHMS[other].kty != ALGORITHMS[alg].kty:
            with pytest.raises(TypeError):
                ALGORITHMS[alg].sign(key.key, b"data")
            assert not ALGORITHMS[alg].verify(key.public().key, b"\0" * 64, b"data")
            with pytest.raises(Exception):  # noqa: B017 - the innermost check refuses even where nobody asked `fits`
                ALGORITHMS[alg].check(key.public().key, b"\0" * 64, b"data")
