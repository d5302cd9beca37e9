"""Discovery and keys of a partner: what is believed, for how long, and what is refused (HO-2, HO-8; OU-20, OU-26)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.connectors.oidc.discovery import (
    ID_TOKEN_ALGORITHMS,
    cache_age,
    check_discovery,
    check_jwks,
    discovery_url,
    fetch_discovery,
    fetch_jwks,
)
from broker.connectors.outbound.client import HttpClient
from broker.domain.errors import PartnerFailed
from broker.jose.keys import generate, public_keys
from tests.connectors.provider import Provider, as_json

ISSUER = "https://login.fabrikam.example/tenant"


def document(**changes: Any) -> dict[str, Any]:
    """A small honest document."""
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
    } | changes


def reason_of(found: Any, issuer: str = ISSUER) -> str:
    """Why a document is refused."""
    with pytest.raises(PartnerFailed) as refusal:
        check_discovery(found, issuer)
    assert refusal.value.detail
    return refusal.value.reason


def test_a_small_document_is_enough():
    """Discovery 3: what is silent gets the standard's defaults."""
    found = check_discovery(json.dumps(document()).encode(), ISSUER)
    assert found.userinfo_endpoint is None
    assert found.iss_parameter is False
    assert found.auth_methods == ("client_secret_basic",)
    assert found.id_token_algs == ID_TOKEN_ALGORITHMS
    assert (found.claims, found.acr_values, found.auth_algs) == ((), (), ("RS256",))


@pytest.mark.parametrize(
    "issuer",
    [f"{ISSUER}/", "https://login.fabrikam.example/{tenantid}", ISSUER.upper(), None, 7, ["x"], "é", "x" * 1000],
    ids=["slash", "template", "case", "null", "number", "list", "letters", "long"],
)
def test_ou_20_another_issuer(issuer: object):
    """OU-20, HO-8: exactly the configured one (Discovery 4.3)."""
    assert reason_of(document(issuer=issuer)) == "discovery_issuer"


def test_ou_20_the_wrong_issuer_is_named():
    """The administrator sees which issuer the document is of."""
    with pytest.raises(PartnerFailed) as refusal:
        check_discovery(document(issuer="https://other.example"), ISSUER)
    assert "https://other.example, not https://login.fabrikam.example/tenant" in refusal.value.detail


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize(
    "value",
    ["http://login.fabrikam.example/x", "javascript:alert(1)", "/relative", "https://a@b.example/", 7, "", "https://127.1/"],
)
def test_ou_20_endpoints_are_https(name: str, value: object):
    """OU-20, HO-8: each endpoint is an https: URL with a host that has one meaning."""
    assert reason_of(document(**{name: value})) == "discovery_endpoint"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_ou_20_endpoints_are_there(name: str):
    """OU-20: a document without one of the three is of no use."""
    found = document()
    del found[name]
    assert reason_of(found) == "discovery_endpoint"


def test_http_only_where_the_predicate_allows():
    """HO-16: http: for hosts of network.allow_private_addresses."""
    found = document(token_endpoint="http://10.0.0.1/token")
    assert reason_of(found) == "discovery_endpoint"
    assert check_discovery(found, ISSUER, allows_plain=lambda url: "10.0.0.1" in url).token_endpoint == "http://10.0.0.1/token"


def test_ou_26_pkce():
    """OU-26, HO-8: a list without S256 excludes it; no list excludes nothing."""
    assert reason_of(document(code_challenge_methods_supported=["plain"])) == "discovery_pkce"
    assert check_discovery(document(code_challenge_methods_supported=["plain", "S256"]), ISSUER).issuer == ISSUER


@pytest.mark.parametrize(
    "changes",
    [
        {"response_types_supported": ["id_token"]},
        {"response_types_supported": "code"},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"id_token_signing_alg_values_supported": [1]},
        {"authorization_response_iss_parameter_supported": "true"},
        {"token_endpoint_auth_methods_supported": {"a": 1}},
    ],
)
def test_members_of_the_wrong_type_or_without_us(changes: dict[str, Any]):
    """HO-3, HO-9: what we must rely on has its type, and names something that we speak."""
    assert reason_of(document(**changes)) == "discovery_format"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("acr_values_supported", [0, 1]),
        ("acr_values_supported", "0 1"),
        ("claims_supported", "sub email"),
        ("claims_supported", 7),
        ("end_session_endpoint", "/logout"),
        ("end_session_endpoint", 7),
        ("authorization_response_iss_parameter_supported", None),
        ("claims_parameter_supported", None),
        ("code_challenge_methods_supported", []),
        ("response_types_supported", []),
        ("id_token_signing_alg_values_supported", []),
        ("prompt_values_supported", "login none"),
        ("token_endpoint_auth_methods_supported", []),
    ],
)
def test_fb_08_members_that_decide_nothing(member: str, value: object):
    """FB-08: what no sign-in depends on ends none; doctor hears of it. An empty list says nothing (RFC 8414 3.2)."""
    found = check_discovery(document(**{member: value}), ISSUER)
    assert found.oddities == (member,)
    assert found.auth_methods == ("client_secret_basic",)
    assert (found.claims, found.acr_values, found.prompts, found.iss_parameter) == ((), (), None, False)
    assert found.id_token_algs == ID_TOKEN_ALGORITHMS


def test_fb_08_a_byte_order_mark_is_read():
    """FB-08, RFC 8259 8.1: some servers send one before their JSON."""
    assert check_discovery(b"\xef\xbb\xbf" + json.dumps(document()).encode(), ISSUER).oddities == ()
    key = generate("ES256", "k").public_jwk()
    assert check_jwks(b"\xef\xbb\xbf" + json.dumps({"keys": [key]}).encode()) == {"keys": [key]}


def test_fb_10_a_key_set_is_refused_with_its_true_reason():
    """FB-10: whoever wrote the key set reads what to change."""
    rsa = generate("RS256", "k").public_jwk()
    with pytest.raises(PartnerFailed) as refusal:
        check_jwks({"keys": [{**rsa, "n": rsa["n"] + "=="}]})
    assert "key 1: a value is written in base64 with padding (=)" in refusal.value.detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        b"\xff",
        b'{"issuer":"a","issuer":"b"}',
        b"[" * 100_000,
        b'{"a":NaN}',
        b'{"a":"\\ud800"}',
    ],
    ids=["empty", "list", "html", "bytes", "twice", "deep", "nan", "surrogate"],
)
def test_documents_that_are_none(body: bytes):
    """OU-22, RX-04: guards of size, depth, duplicates and encoding."""
    assert reason_of(body) == "discovery_format"
    with pytest.raises(PartnerFailed) as refusal:
        check_jwks(body)
    assert refusal.value.reason == "jwks_format"


@pytest.mark.parametrize(
    "keys",
    [None, "x", [], [7], [{"kty": "oct", "k": "AA"}], [{"kty": "RSA"}], [{}] * 1000],
    ids=["none", "text", "empty", "number", "symmetric", "broken", "many"],
)
def test_a_key_set_without_usable_keys_is_refused(keys: object):
    """HO-5: symmetric and broken keys are skipped, and a set with nothing left never replaces a good one."""
    with pytest.raises(PartnerFailed) as refusal:
        check_jwks({"keys": keys})
    assert refusal.value.reason == "jwks_format"


def test_a_key_set_with_one_usable_key():
    """HO-5: the rest is skipped when tokens are verified."""
    found = check_jwks({"keys": [{"kty": "oct", "k": "AA"}, generate("ES256", "k").public_jwk()]})
    assert len(found["keys"]) == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "a"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed448", "x": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": "", "e": ""},
        {"kty": "RSA", "n": 7, "e": None},
        {"kty": ["RSA"]},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kid": 7, "kty": "RSA"},
        {"use": ["sig"], "key_ops": "verify", "kty": "RSA"},
        {},
        None,
        "x",
        [],
        7,
    ],
    ids=repr,
)
def test_fb_03_an_unusable_key_beside_a_good_one(bad: object):
    """FB-03, HO-5: whatever it is, it is skipped, and the good one verifies."""
    good = generate("ES256", "k")
    for keys in ([bad, good.public_jwk()], [good.public_jwk(), bad]):
        assert [key.kid for key in public_keys(check_jwks({"keys": keys}))] == ["k"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 3600),
        ("public, max-age=7200", 7200),
        ('max-age="900"', 900),
        ("max-age=1", 300),
        ("max-age=99999999999999999999", 86_400),
        ("max-age=-1", 3600),
        ("max-age=abc", 3600),
        ("max-age=²", 3600),
        ("no-store, max-age=7200", 300),
        ("No-Cache", 300),
        ("private", 3600),
    ],
)
def test_how_long_a_document_serves(header: str, seconds: int):
    """HT-20: between five minutes and a day, by Cache-Control (RFC 9111 5.2.2)."""
    assert cache_age(header) == seconds


def test_fetching(provider: Provider, client: HttpClient):
    """HT-20: the document and its age, for the row."""
    provider.routes["/.well-known/openid-configuration"] = lambda _r: as_json(
        provider.document, headers={"Cache-Control": "max-age=600"}
    )
    assert fetch_discovery(client, provider.issuer) == (provider.document, 600)
    assert fetch_jwks(client, provider.document["jwks_uri"]) == (provider.jwks, 3600)
    assert discovery_url("https://a.example/") == "https://a.example/.well-known/openid-configuration"


def test_what_cannot_be_fetched(provider: Provider, client: HttpClient):
    """HO-17, OU-20, OU-21: each failure with its reason; the last good copy is the lead of services."""

    def reason(call: Any, *args: Any) -> str:
        with pytest.raises(PartnerFailed) as refusal:
            call(client, *args)
        return refusal.value.reason

    assert reason(fetch_jwks, f"{provider.issuer}/nowhere") == "upstream_unavailable"
    assert reason(fetch_jwks, "https://10.0.0.1/keys") == "url_not_allowed"
    assert reason(fetch_discovery, "https://169.254.169.254") == "url_not_allowed"
    provider.routes["/jwks"] = lambda _r: (302, {"Location": "/elsewhere"}, b"")
    assert reason(fetch_jwks, provider.document["jwks_uri"]) == "url_not_allowed"
    provider.routes["/jwks"] = lambda _r: (200, {}, b"<html>")
    assert reason(fetch_jwks, provider.document["jwks_uri"]) == "jwks_format"
    provider.document["issuer"] = "https://other.example"
    assert reason(fetch_discovery, provider.issuer) == "discovery_issuer"
