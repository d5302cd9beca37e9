"""A login at an honest OpenID provider, and what the request and the mapping must look like (HO-9 to HO-17)."""

from __future__ import annotations

import base64
import hashlib

import pytest

from broker.domain.connector import Inbound
from broker.domain.errors import PartnerFailed, PartnerUntrusted
from broker.jose.keys import generate
from tests.connectors.provider import NOW, OMIT, REDIRECT, Journey


def test_a_login_ends_in_one_complete_assertion(journey: Journey):
    """HO-14: subject in exact bytes, the address canonical, names of what arrived and no values."""
    journey.provider.claims |= {"acr": "phr", "amr": ["pwd", "otp"], "auth_time": NOW - 30, "email_verified": True}
    assertion = journey.sign_in()
    assert assertion.partner == "fabrikam"
    assert assertion.issuer == journey.provider.issuer
    assert assertion.subject == "248289761001"
    assert (assertion.email, assertion.email_verified, assertion.name) == ("ann@fabrikam.example", True, "Ann Aitken")
    assert (assertion.acr, assertion.amr, assertion.auth_time) == ("phr", ("pwd", "otp"), NOW - 30)
    assert {"email", "email_verified", "acr", "auth_time", "sub"} <= set(assertion.arrived)
    assert not any("ann" in name.lower() for name in assertion.arrived)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA", "RS512", "PS384", "ES384", "ES512"])
def test_every_listed_algorithm_signs_a_login(journey: Journey, alg: str):
    """HO-3: each signature that a partner may use; at_hash has the hash of the algorithm."""
    journey.provider.key = generate(alg, "key-of-the-day")
    journey.provider.jwks = {"keys": [journey.provider.key.public_jwk()]}
    assert journey.sign_in().subject == "248289761001"


def test_the_request_carries_pkce_nonce_and_state(journey: Journey):
    """HO-11: S256, nonce and verifier of 256 random bits, fresh in each request; response_type is code."""
    first, query = journey.begin(login_hint="ann@fabrikam.example", ui_locales=("nl", "en"), acr_values=("phr", "mfa"))
    second, _ = journey.begin()
    assert query["response_type"] == "code"
    assert query["state"] == "state-of-the-login"
    assert query["redirect_uri"] == REDIRECT
    assert query["scope"] == "openid profile email"
    assert query["code_challenge_method"] == "S256"
    digest = hashlib.sha256(first.memory["code_verifier"].encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    for name in ("nonce", "code_verifier"):
        assert len(base64.urlsafe_b64decode(first.memory[name] + "=")) == 32
        assert first.memory[name] != second.memory[name]
    assert query["nonce"] == first.memory["nonce"]
    assert (query["login_hint"], query["ui_locales"], query["acr_values"]) == ("ann@fabrikam.example", "nl en", "phr mfa")
    assert "prompt" not in query
    assert "response_mode" not in query
    assert first.form is None


@pytest.mark.parametrize(
    ("ask", "prompt", "max_age"),
    [
        ({"force": True}, "login", "0"),
        ({"force": True, "max_age": 3600}, "login", "0"),
        ({"max_age": 0}, "login", "0"),
        ({"max_age": 3600}, None, "3600"),
        ({}, None, None),
    ],
)
def test_a_fresh_sign_in_is_asked_for_with_max_age(journey: Journey, ask: dict, prompt: str | None, max_age: str | None):
    """HP-17, AZ-13: prompt=login never goes without max_age, which alone makes auth_time come back."""
    outbound, query = journey.begin(**ask)
    assert query.get("prompt") == prompt
    assert query.get("max_age") == max_age
    assert outbound.memory.get("max_age") == max_age


def test_a_prompt_that_the_provider_does_not_list_is_not_sent(journey: Journey):
    """HP-17: max_age=0 asks for the same, and an unknown prompt would end at the provider's own error page."""
    journey.provider.document["prompt_values_supported"] = ["none", "consent"]
    _, query = journey.begin(force=True)
    assert (query.get("prompt"), query["max_age"]) == (None, "0")
    journey.provider.document["prompt_values_supported"] = ["login"]
    _, query = journey.begin(force=True)
    assert (query["prompt"], query["max_age"]) == ("login", "0")


def test_a_query_of_the_authorization_endpoint_is_kept(journey: Journey):
    """RFC 6749 3.1: the endpoint may have a query of its own."""
    journey.provider.document["authorization_endpoint"] += "?p=policy"
    _, query = journey.begin()
    assert query["p"] == "policy"
    assert query["client_id"] == "contoso-broker"


def test_the_code_goes_upstream_with_basic_first(journey: Journey):
    """HO-12: a client_secret goes as discovery names it, basic first, both parts form-encoded (RFC 6749 2.3.1)."""
    journey.sign_in()
    request = next(r for r in journey.provider.requests if r.path == "/token")
    expected = base64.b64encode(b"contoso-broker:se%3Acret%2F%C3%A4").decode()
    assert request.headers["authorization"] == f"Basic {expected}"
    assert "client_secret" not in request.form
    assert request.form["grant_type"] == "authorization_code"
    assert request.form["code"] == "code-1"
    assert request.form["redirect_uri"] == REDIRECT
    assert len(request.form["code_verifier"]) == 43
    assert request.headers["accept-encoding"] == "identity"


def test_the_secret_goes_in_the_body_where_only_that_is_named(journey: Journey):
    """HO-12: client_secret_post."""
    journey.provider.document["token_endpoint_auth_methods_supported"] = ["private_key_jwt", "client_secret_post"]
    journey.sign_in()
    request = next(r for r in journey.provider.requests if r.path == "/token")
    assert "authorization" not in request.headers
    assert (request.form["client_id"], request.form["client_secret"]) == ("contoso-broker", "se:cret/ä")


def test_a_silent_document_means_basic(journey: Journey):
    """Discovery 3: client_secret_basic is the default."""
    del journey.provider.document["token_endpoint_auth_methods_supported"]
    journey.sign_in()
    assert journey.provider.requests[0].headers["authorization"].startswith("Basic ")


def test_no_method_in_common_is_said(journey: Journey):
    """HO-12: a provider without any secret method names the key that the file needs."""
    journey.provider.document["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]
    with pytest.raises(PartnerFailed) as refusal:
        journey.sign_in()
    assert refusal.value.reason == "discovery_format"
    assert "private_key_jwt" in refusal.value.detail


def test_a_token_answer_without_access_token_is_enough(journey: Journey):
    """Some providers issue none when only openid is asked for; at_hash is then not there either."""
    journey.provider.claims |= {"at_hash": OMIT}
    journey.provider.answer |= {"access_token": OMIT}
    assert journey.sign_in().subject == "248289761001"


def test_auth_time_ahead_of_our_clock_is_refused(journey: Journey):
    """HO-7: a time in the future would make any sign-in look fresh; within the skew it is now."""
    journey.provider.claims |= {"auth_time": NOW + 30}
    assert journey.sign_in().auth_time == NOW
    journey.provider.claims |= {"auth_time": NOW + 61}
    with pytest.raises(PartnerUntrusted) as refusal:
        journey.sign_in()
    assert refusal.value.reason == "idtoken_time"
    assert "auth_time +61" in refusal.value.detail


@pytest.mark.parametrize("skew", [0, 60, 300])
def test_fb_13_the_partners_own_skew(journey: Journey, skew: int):
    """FB-13, HO-7: `allowed_clock_skew` moves every edge of an ID token's times, and no further."""

    def refused(**claims: int) -> bool:
        journey.provider.claims = kept | claims
        try:
            journey.sign_in()
        except PartnerUntrusted as error:
            return (error.reason, f"{skew} s of difference are allowed" in error.detail) == ("idtoken_time", True)
        return False

    kept = dict(journey.provider.claims)
    journey.with_partner(skew=skew)
    within = [{"iat": NOW + skew}, {"nbf": NOW + skew}, {"auth_time": NOW + skew}, {"iat": NOW - 90, "exp": NOW - skew + 1}]
    beyond = [
        {"iat": NOW + skew + 1},
        {"nbf": NOW + skew + 1},
        {"auth_time": NOW + skew + 1},
        {"iat": NOW - 90, "exp": NOW - skew},
    ]
    assert [refused(**claims) for claims in within] == [False] * 4
    assert [refused(**claims) for claims in beyond] == [True] * 4


def test_a_form_post_answer_is_as_good(journey: Journey):
    """Form Post 2: the same parameters, `iss` among them."""
    params = {"code": "code-1", "state": "s", "iss": journey.provider.issuer, "session_state": "x"}
    assert journey.sign_in(params).subject == "248289761001"


def test_a_memory_without_nonce_is_a_refusal(journey: Journey):
    """HO-1: a value missing on either side is a refusal."""
    journey.provider.claims |= {"nonce": ""}
    with pytest.raises(PartnerUntrusted) as refusal:
        journey.connector.complete(Inbound(params={"code": "c"}, memory={}, now=NOW))
    assert refusal.value.reason == "idtoken_nonce"


def test_fb_13_form_post_is_asked_for_where_the_file_says_so(journey: Journey):
    """FB-13: query is the default of the code flow and is not sent."""
    assert "response_mode" not in journey.begin()[1]
    assert journey.with_partner(form_post=True).begin()[1]["response_mode"] == "form_post"


@pytest.mark.parametrize("ask", [{"force": True}, {"max_age": 0}, {"max_age": 3600}, {"force": True, "max_age": 60}])
def test_fc_14_a_partner_that_takes_no_max_age(journey: Journey, ask: dict):
    """FC-14: prompt=login alone, which asks for more than any age would."""
    outbound, query = journey.with_partner(send_max_age=False).begin(**ask)
    assert query["prompt"] == "login"
    assert "max_age" not in query
    assert outbound.memory["prompt"] == "login"
    assert "prompt" not in journey.begin()[1]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_fb_13_the_method_of_the_file_goes_before_discovery(journey: Journey, method: str):
    """FB-13: documents are wrong about it often enough."""
    journey.provider.document["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]
    journey.with_partner(secret_method=method).sign_in()
    request = next(r for r in journey.provider.requests if r.path == "/token")
    assert ("authorization" in request.headers) is (method == "client_secret_basic")
    assert ("client_secret" in request.form) is (method == "client_secret_post")
