"""Compact JWS: every algorithm round, one spelling, no confusion, nothing but JoseError (HO-3, HO-4, HO-5, HT-1, HT-5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.jose.algorithms import ALGORITHMS
from broker.jose.encoding import b64url_decode, b64url_encode, parse_object
from broker.jose.errors import JoseError
from broker.jose.keys import generate
from broker.jose.sign import half_hash, sign
from broker.jose.verify import parse, verify
from tests.jose.handmade import ANY, CLAIMS, Signers, handmade, publics, reason


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_round_trip(alg: str, signers: Signers) -> None:
    """HT-1, HP-51: what one signs verifies under its kid, header and claims intact."""
    token = sign(signers[alg], CLAIMS, typ="JWT")
    read = verify(token, publics(signers), [alg])
    assert read.header == {"alg": alg, "kid": f"key-{alg}", "typ": "JWT"}
    assert (read.claims, read.alg) == (CLAIMS, alg)
    assert (parse(token).header, parse(token).claims) == (read.header, CLAIMS)


@pytest.mark.parametrize("value", [None, [], ["exp"], ["b64"], "exp", {}, 0])
def test_crit_is_refused(value: Any, signers: Signers) -> None:
    """OU-07, HO-4, RFC 7515 4.1.11: we know no extension, so every crit names one too many, even validly signed."""
    token = handmade({"alg": "ES256", "kid": "key-ES256", "crit": value, "exp": 1, "b64": False}, key=signers["ES256"])
    assert reason(token, publics(signers)) == "idtoken_header"


@pytest.mark.parametrize(
    "member", ["jwk", "jku", "x5u", "x5c", "b64", "zip", "cty", "enc", "epk", "iss", "url", "nonce", "", "x"]
)
def test_fb_06_other_header_members_are_ignored(member: str, signers: Signers) -> None:
    """FB-06, HO-4, RFC 7515 4: a member that is not understood is ignored; a key that a token brings verifies nothing."""
    evil = generate("ES256", kid="evil")
    for value in (None, ["exp"], "https://evil.example/jwks", signers["ES256"].public_jwk(), evil.public_jwk(), False):
        token = handmade({"alg": "ES256", "kid": "key-ES256", member: value}, key=signers["ES256"])
        assert verify(token, publics(signers), ANY).claims == CLAIMS
        for kid in ("key-ES256", "evil"):
            forged = handmade({"alg": "ES256", "kid": kid, member: value}, key=evil)
            assert reason(forged, publics(signers)) in {"idtoken_signature", "idtoken_key"}


def test_fb_06_a_whole_chain_of_certificates_fits(signers: Signers) -> None:
    """FB-06: x5c holds some thousand characters; the header has its limit still."""
    chain = {"alg": "ES256", "kid": "key-ES256", "x5c": ["A" * 2500] * 4}
    assert verify(handmade(chain, key=signers["ES256"]), publics(signers), ANY).claims == CLAIMS
    assert reason(handmade(chain | {"x5c": ["A" * 13_000]}, key=signers["ES256"]), publics(signers)) == "idtoken_header"


@pytest.mark.parametrize(
    ("typ", "due", "taken"),
    [
        (None, (None, "JWT"), True), ("JWT", (None, "JWT"), True), ("jwt", ("JWT",), True), ("application/jwt", ("JWT",), True),
        ("logout+jwt", ("logout+jwt",), True), ("application/logout+JWT", ("logout+jwt",), True), ("at+jwt", (None, "JWT"), False),
        ("logout+jwt", (None, "JWT"), False), ("JWT", ("logout+jwt",), False), (None, ("logout+jwt",), False), ("", (None, "JWT"), False),
    ],
)  # fmt: skip
def test_typ_is_the_callers(typ: str | None, due: tuple[str | None, ...], taken: bool, signers: Signers) -> None:
    """HT-5, RFC 8725 3.11: no kind of token passes as another; a media type has no case (RFC 7515 4.1.9)."""
    token = sign(signers["EdDSA"], CLAIMS, typ=typ)
    if taken:
        assert verify(token, publics(signers), ANY, typ=due).claims == CLAIMS
    else:
        assert reason(token, publics(signers), typ=due) == "idtoken_header"


def test_typ_of_another_type_is_refused(signers: Signers) -> None:
    """HO-4: typ is a string."""
    assert (
        reason(handmade({"alg": "ES256", "kid": "key-ES256", "typ": 1}, key=signers["ES256"]), publics(signers))
        == "idtoken_header"
    )


@pytest.mark.parametrize(
    "raw",
    [
        b'{"alg":"ES256","kid":"key-ES256","alg":"ES256"}', b'{"kid":"a","alg":"ES256","kid":"key-ES256"}', b'{"alg":"none","alg":"ES256"}', b"[]",
        b'"ES256"', b"{}{}", b"", b"null", b"{" * 100, b'\xef\xbb\xbf{"alg":"ES256"}', b'{"alg":"ES256","kid":"\xff"}',
    ],
)  # fmt: skip
def test_header_json_is_strict(raw: bytes, signers: Signers) -> None:
    """HO-4, RX-04: no duplicate member, one object, UTF-8."""
    assert reason(handmade(None, key=signers["ES256"], raw=raw), publics(signers)) == "idtoken_format"


@pytest.mark.parametrize(
    "payload",
    [
        b"[]", b"null", b'"a"', b"1", b"", b'{"sub":"a","sub":"b"}', b'{"a":{"b":1,"b":1}}', b'{"exp":NaN}', b'{"exp":-Infinity}',
        b'{"a":' * 17 + b"1" + b"}" * 17, b"[" * 20_000, b'{"a":"' + b"x" * 70_000 + b'"}', b"\xff{}", b'{"sub":"\\ud800"}',
        b'{"sub":"a\\u0000b"}', b"{" + b",".join(b'"%d":1' % n for n in range(9_000)) + b"}",
    ],
)  # fmt: skip
def test_payload_json_is_strict(payload: bytes, signers: Signers) -> None:
    """RX-04, HO-4: signed or not, these payloads are refused as idtoken_format, quickly."""
    token = handmade({"alg": "ES256", "kid": "key-ES256"}, payload, signers["ES256"])
    assert reason(token, publics(signers)) == "idtoken_format"
    with pytest.raises(JoseError):
        parse(token)


def test_the_form_is_compact(signers: Signers) -> None:
    """HO-4, RFC 7515 7.1: three parts; JSON serialisation, JWE, padding, spaces and a second spelling are refused."""
    token = sign(signers["ES256"], CLAIMS)
    first, second, third = token.split(".")
    forms: list[Any] = [
        "", ".", "..", "...", first, f"{first}.{second}", f"{token}.", f".{token}", f"{token}.a.b", f" {token}", f"{token}\n", f"{first}=.{second}.{third}",
        f"{first}.{second}=.{third}", f"{first}.{second}.{third}=", f"{first}.{second}.{third}==", f"{first}.{second}.", f"{first}..{third}", token.replace(".", "\u2024"),
        json.dumps({"protected": first, "payload": second, "signature": third}), "a" * 300_000, f"{first}.{'A' * 200_000}.{third}", None, 1, token.encode(), [token],
    ]  # fmt: skip
    for form in forms:
        assert reason(form, publics(signers)) in {"idtoken_format", "idtoken_signature"}, form
    for form in (None, 1, b"", [], {}):
        with pytest.raises(JoseError):
            parse(form)  # type: ignore[arg-type]


def test_es256_signatures_are_raw_and_of_exact_length(signers: Signers) -> None:
    """RFC 7518 3.4: r || s of 64 octets; DER, short, long, zero and out of range ones are refused."""
    key, keys = signers["ES256"], publics(signers)
    first, second, third = sign(key, CLAIMS).split(".")
    raw = b64url_decode(third)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    forged = [
        der,
        raw[1:],
        raw + b"\0",
        b"\0" + raw,
        b"\0" * 64,
        b"",
        b"\xff" * 64,
        raw[:32] + b"\0" * 32,
        raw[:32] + order.to_bytes(32, "big"),
    ]
    for signature in forged:
        assert reason(f"{first}.{second}.{b64url_encode(signature)}", keys) == "idtoken_signature"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(alg=st.sampled_from(ANY), data=st.data())
def test_any_change_of_one_character_is_refused(alg: str, data: st.DataObject, signers: Signers) -> None:
    """HO-4: flip, insert, leave out or double any one character: there is no second spelling of a token."""
    token = sign(signers[alg], CLAIMS, typ="JWT")
    place = data.draw(st.integers(0, len(token) - 1))
    put = data.draw(st.sampled_from("ABQgwxyz0189-_.=+/ \n") | st.characters())
    kind = data.draw(st.sampled_from(["replace", "insert", "drop"]))
    changed = token[:place] + ("" if kind == "drop" else put) + token[place + (kind != "insert") :]
    if changed != token:
        with pytest.raises(JoseError):
            verify(changed, publics(signers), ANY)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_bit_of_the_signature_counts(alg: str, signers: Signers) -> None:
    """One bit flipped anywhere in the signature: refused; in RSA and Ed25519 too."""
    first, second, third = sign(signers[alg], CLAIMS).split(".")
    raw = b64url_decode(third)
    for place in range(0, len(raw), 7):
        changed = bytes(octet ^ (1 << place % 8) if at == place else octet for at, octet in enumerate(raw))
        assert reason(f"{first}.{second}.{b64url_encode(changed)}", publics(signers)) == "idtoken_signature"


@settings(max_examples=200)
@given(
    st.text()
    | st.binary().map(lambda data: data.decode("latin-1"))
    | st.lists(st.text(max_size=20), min_size=3, max_size=3).map(".".join)
)
def test_any_text_is_refused_as_jose_error(text: str) -> None:
    """RX-04: nothing but JoseError leaves parse and verify."""
    with pytest.raises(JoseError):
        parse(text)
    with pytest.raises(JoseError):
        verify(text, [], ANY)


@settings(deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=70))
def test_any_octets_in_the_parts_are_refused(header: bytes, payload: bytes, signature: bytes) -> None:
    """RX-04: three well-encoded parts of any octets."""
    with pytest.raises(JoseError):
        parse(".".join(b64url_encode(part) for part in (header, payload, signature)))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=80))
def test_any_signed_octets_are_claims_or_refused(payload: bytes, signers: Signers) -> None:
    """RX-04: a valid signature does not make a payload well formed."""
    token = handmade({"alg": "EdDSA", "kid": "key-EdDSA"}, payload, signers["EdDSA"])
    try:
        expected = parse_object(payload)
    except ValueError:
        assert reason(token, publics(signers)) == "idtoken_format"
    else:
        assert verify(token, publics(signers), ANY).claims == expected


def test_signing_guards_its_header(signers: Signers) -> None:
    """HP-39, HP-51: alg, kid and typ are not the caller's; further members are; claims must be JSON."""
    key = signers["ES256"]
    assert parse(sign(key, {}, header={"x5t": "abc"})).header == {"alg": "ES256", "kid": "key-ES256", "x5t": "abc"}
    for header in ({"alg": "none"}, {"kid": "x"}, {"typ": "x"}):
        with pytest.raises(ValueError, match="not the caller's"):
            sign(key, {}, header=header)
    with pytest.raises(ValueError):
        sign(key, {"a": float("inf")})
    with pytest.raises(JoseError):
        half_hash("none", "a")
