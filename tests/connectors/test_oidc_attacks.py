"""Attacks of a provider or on its tokens, part one: the ID token (OU-01 to OU-09, OU-24)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from broker.domain.errors import PageError, PartnerUntrusted
from broker.jose.keys import PrivateKey
from broker.jose.sign import sign
from tests.connectors.provider import NOW, OMIT, Journey, as_json
from tests.connectors.refusals import refused


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rs256(journey: Journey, text: str) -> bytes:
    """The provider's genuine signature over any text."""
    key = journey.provider.key.key
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())


def with_header(journey: Journey, change: Callable[[dict[str, Any]], None], *, resign: bool = True) -> None:
    """Let the provider send tokens with another header, honestly signed over it."""

    def token(claims: dict[str, Any]) -> str:
        header: dict[str, Any] = {"alg": "RS256", "kid": "rsa-1", "typ": "JWT"}
        change(header)
        start = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{start}.{b64(rs256(journey, start) if resign else b'')}"

    journey.provider.token = token


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", OMIT, "", None, ["RS256"], "HS512"], ids=repr)
def test_ou_01_alg_none(journey: Journey, alg: object):
    """OU-01, HO-3: none in any spelling, or no alg, is refused before the payload is read."""

    def change(header: dict[str, Any]) -> None:
        header["alg"] = alg
        if alg is OMIT:
            del header["alg"]

    for resign in (False, True):
        with_header(journey, change, resign=resign)
        assert refused(journey, PartnerUntrusted).reason == "idtoken_alg"


def test_ou_02_hs256_with_the_public_key(journey: Journey):
    """OU-02, HO-3: the RSA public key's PEM as an HMAC secret."""
    pem = journey.provider.key.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def token(claims: dict[str, Any]) -> str:
        start = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'rsa-1'}).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{start}.{b64(hmac.digest(pem, start.encode(), hashlib.sha256))}"

    journey.provider.token = token
    assert refused(journey, PartnerUntrusted).reason == "idtoken_alg"


@pytest.mark.parametrize("iss", ["https://login.example/{tenantid}/v2.0", "https://other.example", OMIT, None, 7, ["x"]])
def test_ou_03_wrong_issuer(journey: Journey, iss: object):
    """OU-03, HO-7: one tenant, exactly; a template is just another text."""
    journey.provider.claims["iss"] = iss
    refusal = refused(journey, PartnerUntrusted)
    assert refusal.reason == "idtoken_iss"
    assert journey.provider.issuer in refusal.detail


def test_ou_03_a_slash_more_is_another_issuer(journey: Journey):
    """OU-03: character for character."""
    journey.provider.claims["iss"] = journey.provider.issuer + "/"
    assert refused(journey, PartnerUntrusted).reason == "idtoken_iss"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else"},
        {"aud": ["contoso-broker", "other"]},
        {"aud": ["contoso-broker", "other"], "azp": "other"},
        {"aud": ["other"], "azp": "contoso-broker"},
        {"aud": "contoso-broker", "azp": "other"},
        {"aud": []},
        {"aud": OMIT},
        {"aud": {"contoso-broker": 1}},
        {"aud": ["contoso-broker", 7]},
        {"aud": "Contoso-Broker"},
    ],
)
def test_ou_04_audience(journey: Journey, claims: dict[str, Any]):
    """OU-04, HO-7: aud is us, or holds us with azp us."""
    journey.provider.claims |= claims
    refusal = refused(journey, PartnerUntrusted)
    assert refusal.reason == "idtoken_aud"
    assert "expected contoso-broker" in refusal.detail


def test_ou_04_us_among_others_with_azp(journey: Journey):
    """HO-7: the honest form of several audiences."""
    journey.provider.claims |= {"aud": ["contoso-broker", "api"], "azp": "contoso-broker"}
    assert journey.sign_in().subject == "248289761001"


@pytest.mark.parametrize("nonce", [OMIT, "", "another", None, 5, "nöunce"])
def test_ou_05_nonce(journey: Journey, nonce: object):
    """OU-05, HO-7: missing or different."""
    journey.provider.claims["nonce"] = nonce
    assert refused(journey, PartnerUntrusted).reason == "idtoken_nonce"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 61},
        {"exp": NOW - 60},
        {"exp": OMIT},
        {"exp": str(NOW + 300)},
        {"exp": 1.5},
        {"exp": -1},
        {"exp": True},
        {"exp": 2**62},
        {"exp": None},
        {"iat": OMIT},
        {"iat": NOW + 61},
        {"iat": NOW - 86_400},
        {"iat": NOW + 86_400 * 365},
        {"iat": "now"},
        {"nbf": NOW + 61},
        {"nbf": "soon"},
    ],
)
def test_ou_06_times(journey: Journey, claims: dict[str, Any]):
    """OU-06, HO-7: exp and iat are integers in range, with 60 seconds of skew; the detail says by how much."""
    journey.provider.claims |= claims
    refusal = refused(journey, PartnerUntrusted)
    assert refusal.reason == "idtoken_time"
    assert "from our clock" in refusal.detail


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "9" * 5000])
def test_ou_06_numbers_that_json_parsers_disagree_about(journey: Journey, number: str):
    """OU-06: exp 1e400 and its kin are refused, never an error of ours."""

    def token(claims: dict[str, Any]) -> str:
        header = b64(b'{"alg":"RS256","kid":"rsa-1"}')
        body = json.dumps(claims).replace(str(claims["exp"]), number, 1)
        start = f"{header}.{b64(body.encode())}"
        return f"{start}.{b64(rs256(journey, start))}"

    journey.provider.token = token
    assert refused(journey, PartnerUntrusted).reason in {"idtoken_time", "idtoken_header"}


def test_ou_06_sixty_seconds_are_allowed(journey: Journey):
    """HO-7: the skew, at its edge."""
    journey.provider.claims |= {"exp": NOW - 59, "iat": NOW - 300}
    assert journey.sign_in().subject
    journey.provider.claims |= {"exp": NOW + 300, "iat": NOW + 60, "nbf": NOW + 60}
    assert journey.sign_in().subject


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "b64", "zip", "surprise"])
def test_ou_07_header_members(journey: Journey, other_key: PrivateKey, member: str):
    """OU-07, FB-06, HO-2, HO-4: a key that the token brings or points at verifies nothing, and nothing is fetched."""
    journey.provider.routes["/evil"] = lambda _r: as_json({"keys": [other_key.public_jwk()]})
    value: Any = {"jwk": other_key.public_jwk(), "x5c": ["MIIB"]}.get(member, f"{journey.provider.issuer}/evil")
    with_header(journey, lambda header: header.update({member: value}))
    assert journey.sign_in().subject == "248289761001"
    journey.provider.token = lambda claims: sign(replace(other_key, kid="rsa-1"), claims, header={member: value})
    assert refused(journey, PartnerUntrusted).reason == "idtoken_signature"
    assert {r.path for r in journey.provider.requests} == {"/token"}


def test_ou_07_crit(journey: Journey):
    """OU-07, HO-4, RFC 7515 4.1.11: what must be understood and is not ends the login."""
    with_header(journey, lambda header: header.update(crit=["exp"], exp=1))
    assert refused(journey, PartnerUntrusted).reason == "idtoken_header"


@pytest.mark.parametrize("claims", [{"exp": NOW + 300.75, "iat": NOW - 0.5}, {"counter": 2**70}, {"deep": [{"n": -(2**80)}]}])
def test_fb_07_numbers_that_end_nothing(journey: Journey, claims: dict[str, Any]):
    """FB-07: fractions of a second are cut; a number too large to hold, which nobody asked for, is passed over."""
    journey.provider.claims |= claims
    assert journey.sign_in().subject == "248289761001"


def test_ou_08_unknown_kid(journey: Journey, other_key: PrivateKey):
    """OU-08, HO-6: an unknown kid asks the shared row for a refresh once, and is refused."""
    journey.provider.token = lambda claims: sign(other_key, claims)
    assert refused(journey, PartnerUntrusted).reason == "idtoken_key"
    assert journey.refreshes == 1


def test_ou_08_a_rolled_over_key_is_found_by_the_one_refresh(journey: Journey, other_key: PrivateKey):
    """HO-6: an honest rollover costs the guest nothing."""
    old = journey.provider.jwks
    journey.provider.token = lambda claims: sign(other_key, claims)

    def keys(refresh: bool) -> dict[str, Any]:
        journey.refreshes += refresh
        return {"keys": [other_key.public_jwk()]} if refresh else old

    journey.keys = keys  # type: ignore[method-assign]
    journey.provider.claims["at_hash"] = OMIT
    assert journey.sign_in().subject == "248289761001"
    assert journey.refreshes == 1


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "x" * 1_000_000, 7, None, ["rsa-1"], "", {"a": 1}])
def test_ou_09_kid(journey: Journey, kid: object):
    """OU-09, HO-5: kid is a name that is compared, never a path or a query."""
    with_header(journey, lambda header: header.update(kid=kid))
    if isinstance(kid, str) and len(kid) > 100_000:  # such a token answer is over the cap already
        assert refused(journey, PageError).reason in {"idtoken_header", "upstream_unavailable"}
    else:
        assert refused(journey, PartnerUntrusted).reason in {"idtoken_key", "idtoken_header"}


def test_ho_05_without_kid_exactly_one_key_must_fit(journey: Journey, other_key: PrivateKey):
    """HO-5: one fitting key is enough without kid; two are one too many."""
    with_header(journey, lambda header: header.pop("kid"))
    assert journey.sign_in().subject
    journey.provider.jwks = {"keys": [journey.provider.key.public_jwk(), other_key.public_jwk()]}
    assert refused(journey, PartnerUntrusted).reason == "idtoken_key"


@pytest.mark.parametrize("keys", [[], [{"kty": "oct", "k": "c2VjcmV0", "kid": "rsa-1"}], "none", [7]])
def test_ho_02_no_usable_key_is_a_refusal(journey: Journey, keys: object):
    """HO-2, HO-5: a key set without usable keys never means "no check"."""
    journey.provider.jwks = {"keys": keys}
    assert refused(journey, PartnerUntrusted).reason == "idtoken_key"


def test_ho_03_a_changed_payload_fails(journey: Journey):
    """HO-3: the signature covers what is read."""
    honest = journey.provider.token

    def token(claims: dict[str, Any]) -> str:
        head, _, tail = str(honest(claims)).split(".")
        return f"{head}.{b64(json.dumps(claims | {'sub': 'admin'}).encode())}.{tail}"

    journey.provider.token = token
    assert refused(journey, PartnerUntrusted).reason == "idtoken_signature"


def test_ho_03_only_what_the_partner_announces(journey: Journey):
    """HO-3: the list is the partner's; a key of another kind beside it does not widen it."""
    journey.provider.document["id_token_signing_alg_values_supported"] = ["ES256"]
    refusal = refused(journey, PartnerUntrusted)
    assert refusal.reason == "idtoken_alg"
    assert "ES256" in refusal.detail


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "x" * 1000, "e30.e30.", "é.é.é", "{}", " . . "])
def test_ho_04_compact_form_only(journey: Journey, token: str):
    """HO-4: three canonical parts, else a refusal."""
    journey.provider.answer["id_token"] = token
    assert refused(journey, PartnerUntrusted).reason in {"idtoken_header", "idtoken_alg"}


@pytest.mark.parametrize("at_hash", ["", "AAAAAAAAAAAAAAAAAAAAAA", None, 7, ["x"], "é"])
def test_ou_24_at_hash(journey: Journey, at_hash: object):
    """OU-24, HO-7: at_hash, where it is given, is that of the access token."""
    journey.provider.claims["at_hash"] = at_hash
    assert refused(journey, PartnerUntrusted).reason == "idtoken_at_hash"


def test_ou_24_at_hash_without_access_token(journey: Journey):
    """OU-24, HO-1: missing on one side is a refusal."""
    journey.provider.answer["access_token"] = OMIT
    assert refused(journey, PartnerUntrusted).reason == "idtoken_at_hash"
