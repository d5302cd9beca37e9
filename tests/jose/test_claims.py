"""HO-7, HP-15, HP-58: registered claims with their types, each refusal with its reason (OU-03 to OU-06, OU-18, OU-24)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.jose import claims as c
from broker.jose.algorithms import ALGORITHMS
from broker.jose.errors import JoseError
from broker.jose.sign import half_hash

NOW = 1_800_000_000
US = "contoso-broker"
JUNK: list[Any] = [None, "", True, -1.0, 1e300, -1, "1800000000", [], {}, [NOW], 253402300800, 10**30]


def reason(check: Callable[..., Any], *arguments: Any, **more: Any) -> str:
    """Why it is refused."""
    with pytest.raises(JoseError) as refusal:
        check(*arguments, **more)
    return refusal.value.reason


def test_times_that_fit() -> None:
    """Skew of 60 s either way; nbf is optional."""
    for exp, iat in ((NOW + 600, NOW), (NOW - 59, NOW - 600), (NOW + 1, NOW + 60), (NOW + 9, NOW - 3660)):
        c.check_times({"exp": exp, "iat": iat}, NOW)
    c.check_times({"exp": NOW + 1, "iat": NOW, "nbf": NOW + 60}, NOW)
    c.check_times({"exp": NOW - 9999, "iat": NOW - 99999}, NOW, may_be_expired=True, oldest=None)


@pytest.mark.parametrize(
    "change",
    [{"exp": NOW - 60}, {"exp": NOW - 61}, {"exp": 0}, {"iat": NOW + 61}, {"iat": NOW - 3661}, {"iat": 0}, {"nbf": NOW + 61}]
    + [{name: junk} for name in ("exp", "iat", "nbf") for junk in JUNK],
)  # fmt: skip
def test_times_that_do_not(change: dict[str, Any]) -> None:
    """OU-06: past, far past, future, text, float, boolean, negative, out of range."""
    assert reason(c.check_times, {"exp": NOW + 600, "iat": NOW, **change}, NOW) == "idtoken_time"


def test_fb_07_a_fraction_is_cut() -> None:
    """FB-07, RFC 7519 2: a NumericDate may have a fraction; it counts as the second that it lies in."""
    c.check_times({"exp": NOW + 600.9, "iat": NOW - 0.5, "nbf": NOW + 60.9}, NOW)
    assert c.integer({"exp": NOW + 0.999}, "exp") == NOW
    assert reason(c.check_times, {"exp": NOW - 60 + 0.9, "iat": NOW - 600}, NOW) == "idtoken_time"
    assert reason(c.check_times, {"exp": NOW + 600, "iat": NOW + 61.0}, NOW) == "idtoken_time"
    assert reason(c.check_times, {"exp": float("nan"), "iat": NOW}, NOW) == "idtoken_time"
    assert reason(c.check_times, {"exp": float("inf"), "iat": NOW}, NOW) == "idtoken_time"


@pytest.mark.parametrize("missing", ["exp", "iat"])
def test_times_are_there(missing: str) -> None:
    """A value missing is a refusal (HO-1), in a hint too."""
    claims = {name: NOW for name in ("exp", "iat") if name != missing}
    assert reason(c.check_times, claims, NOW, may_be_expired=True) == "idtoken_time"


@given(st.integers(0, c.LATEST), st.integers(0, c.LATEST))
def test_an_expiry_is_over_at_its_instant(exp: int, now: int) -> None:
    """HT-12: with no skew a token lives while now < exp."""
    claims = {"exp": exp, "iat": 0}
    if now < exp:
        c.check_times(claims, now, skew=0, oldest=None)
    else:
        assert reason(c.check_times, claims, now, skew=0, oldest=None) == "idtoken_time"


def test_integer_may_be_absent() -> None:
    """auth_time: None when absent, its reason when wrong."""
    assert c.integer({}, "auth_time") is None
    assert c.integer({"auth_time": 5}, "auth_time") == 5
    assert reason(c.integer, {"auth_time": None}, "auth_time", reason="idtoken_auth_time") == "idtoken_auth_time"


@pytest.mark.parametrize(
    "iss",
    [
        None,
        "",
        1,
        [],
        ["https://idp.example"],
        "https://idp.example/",
        "https://IDP.example",
        "https://idp.example/{tenantid}",
        "http://idp.example",
    ],
)
def test_issuer_is_exact(iss: Any) -> None:
    """OU-03: one issuer, character for character."""
    c.check_issuer({"iss": "https://idp.example"}, "https://idp.example")
    assert reason(c.check_issuer, {"iss": iss}, "https://idp.example") == "idtoken_iss"
    assert reason(c.check_issuer, {}, "https://idp.example") == "idtoken_iss"


@pytest.mark.parametrize(
    "claims", [{"aud": US}, {"aud": [US]}, {"aud": US, "azp": US}, {"aud": [US, "other"], "azp": US}, {"aud": [US, US]}]
)
def test_audience_is_us(claims: dict[str, Any]) -> None:
    """Core 3.1.3.7: alone, or among others with azp us."""
    c.check_audience(claims, US)


@pytest.mark.parametrize(
    "claims",
    [{}, {"aud": "other"}, {"aud": ["other"]}, {"aud": [US, "other"]}, {"aud": [US, "other"], "azp": "other"}, {"aud": US, "azp": "other"}, {"aud": US, "azp": None},
     {"aud": []}, {"aud": [US, 1]}, {"aud": [US, None]}, {"aud": [[US]]}, {"aud": {US: 1}}, {"aud": None}, {"aud": US.upper()}, {"aud": US + " "}, {"aud": ""}],
)  # fmt: skip
def test_audience_is_not_us(claims: dict[str, Any]) -> None:
    """OU-04: another client, or a list that azp does not settle; wrong types."""
    assert reason(c.check_audience, claims, US) == "idtoken_aud"


@pytest.mark.parametrize("aud", [None, ["https://op.example"], ["https://op.example", "x"], "https://op.example/token", "", 1])
def test_single_audience(aud: Any) -> None:
    """HP-58: the assertion's aud is our issuer as one string."""
    c.check_single_audience({"aud": "https://op.example"}, "https://op.example")
    assert reason(c.check_single_audience, {"aud": aud}, "https://op.example") == "idtoken_aud"


@pytest.mark.parametrize("nonce", [None, "", "other", 1, ["n-1"], "n-1 ", "N-1", "ñ"])
def test_nonce(nonce: Any) -> None:
    """OU-05: missing or different; an empty expectation is never met."""
    c.check_nonce({"nonce": "n-1"}, "n-1")
    assert reason(c.check_nonce, {"nonce": nonce}, "n-1") == "idtoken_nonce"
    assert reason(c.check_nonce, {}, "n-1") == "idtoken_nonce"
    assert reason(c.check_nonce, {"nonce": ""}, "") == "idtoken_nonce"


@pytest.mark.parametrize("sub", [None, "", "a" * 256, "a" * 10240, 1, True, ["a"], {}, "ü", "a\n", "\x00", "a\x7f", "\u202e"])
def test_subject_that_is_none(sub: Any) -> None:
    """OU-18: 1 to 255 ASCII characters, a string."""
    assert reason(c.subject, {"sub": sub}) == "idtoken_sub"
    assert reason(c.subject, {}) == "idtoken_sub"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255))
def test_subject_is_kept_exactly(sub: str) -> None:
    """OU-18: case and spaces are the partner's; variants are different identities."""
    assert c.subject({"sub": sub}) == sub


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_at_hash(alg: str) -> None:
    """OU-24, HP-39: where it is given it is that of the token and algorithm; absent is fine in the code flow (Core 3.1.3.6)."""
    c.check_at_hash({}, alg, "token")
    c.check_at_hash({"at_hash": half_hash(alg, "token")}, alg, "token")
    other = "EdDSA" if ALGORITHMS[alg].half_hash == "sha256" else "RS256"
    for wrong in ("", None, 1, half_hash(alg, "other"), half_hash(other, "token"), half_hash(alg, "token") + "=", "ü"):
        assert reason(c.check_at_hash, {"at_hash": wrong}, alg, "token") == "idtoken_at_hash"


def test_required_claims() -> None:
    """HO-7: `require_claims`, types told apart."""
    c.check_required({"hd": "fabrikam.example", "n": 1, "b": True}, {"hd": "fabrikam.example", "n": 1, "b": True})
    for claims in ({}, {"hd": "other"}, {"hd": ["fabrikam.example"]}, {"hd": None}):
        assert reason(c.check_required, claims, {"hd": "fabrikam.example"}) == "idtoken_claim"
    assert reason(c.check_required, {"b": 1}, {"b": True}) == "idtoken_claim"
