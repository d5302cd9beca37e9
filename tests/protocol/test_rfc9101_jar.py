"""RFC 9101 and OpenID Connect Core 6.1: signed request objects by value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.jose.algorithms import ALGORITHMS, OUR_ALGORITHMS
from broker.jose.encoding import b64url_encode, dump_json
from broker.jose.keys import generate
from broker.jose.sign import sign
from tests.protocol.stage import CALLBACK, CHALLENGE, ISSUER, Stage, oauth_error, page_error, sent_to

BESIDE = {"client_id": "bank", "redirect_uri": CALLBACK["bank"]}
TYP = "oauth-authz-req+jwt"


def said(stage: Stage, **claims: Any) -> dict[str, Any]:
    """The claims of an object that is right but for what is given; None leaves one out."""
    plain = {
        "iss": "bank",
        "aud": ISSUER,
        "iat": stage.clock(),
        "nbf": stage.clock(),
        "exp": stage.clock() + 300,
        "client_id": "bank",
        "redirect_uri": CALLBACK["bank"],
        "response_type": "code",
        "scope": "openid",
        "state": "inside",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**plain, **claims}.items() if value is not None}


def signed(stage: Stage, typ: str | None = TYP, **claims: Any) -> str:
    """An object signed by the application `bank`."""
    return sign(stage.bank_key, said(stage, **claims), typ=typ)


def ask(stage: Stage, token: str, **beside: str) -> Any:
    """An authorization request with an object."""
    return stage.get("/authorize", {**BESIDE, "request": token, **beside})


def refused(stage: Stage, token: str) -> str:
    """The error at the redirect_uri beside the object; nothing is stored."""
    with stage.unchanged():
        place, answer = sent_to(ask(stage, token))
    assert place == CALLBACK["bank"]
    return answer["error"]


@pytest.mark.parametrize("typ", [TYP, f"application/{TYP}", "JWT", None])
def test_a_signed_request(calm: Stage, typ: str | None):
    """4, 10.8: the explicit type, or none; redirect_uri and the rest may be in the object alone."""
    answer = calm.get("/authorize", {"client_id": "bank", "request": signed(calm, typ)})
    assert answer.headers["Location"].startswith("/signin/")


def test_nothing_beside_the_object_is_read(calm: Stage):
    """6.3: state, scope, prompt and redirect_uri of the object; what the query adds or contradicts has no effect."""
    token = signed(calm, prompt="none", max_age=60, claims={"id_token": {"email": None}})
    beside = {"state": "outside", "prompt": "consent", "redirect_uri": "https://evil.example/", "nonce": "added", "scope": "x"}
    first = ask(calm, token, **beside)
    cookie = first.headers["Set-Cookie"].split(";")[0]
    place, answer = sent_to(calm.get(first.headers["Location"], headers={"Cookie": cookie}))
    assert (place, answer["error"], answer["state"]) == (CALLBACK["bank"], "login_required", "inside")


def test_the_parameters_of_the_object_pass_every_check(calm: Stage):
    """HP-7: after the object is verified: errors go to its own verified redirect_uri, with its own state."""
    for claims, error in (
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"scope": "root"}, "invalid_scope"),
        ({"claims": {"id_token": 1}}, "invalid_request"),
        ({"state": ["a", "b"]}, "invalid_request"),
    ):
        answer = sent_to(ask(calm, signed(calm, **claims)))[1]
        assert (answer["error"], answer.get("state")) == (error, None if "state" in claims else "inside")
    assert page_error(ask(calm, signed(calm, redirect_uri="https://evil.example/"))) == "bad_request"
    assert page_error(ask(calm, signed(calm, redirect_uri=None))) == "bad_request"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"iss": "payroll"},
        {"aud": None},
        {"aud": "https://other.example"},
        {"aud": []},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"nbf": 1},
        {"iat": 4_000_000_000},
        {"client_id": None},
        {"client_id": "payroll"},
        {"sub": "bank"},
        {"request": "x"},
        {"request_uri": "https://bank.contoso.example/r"},
        {"client_assertion": "x"},
        {"state": True},
        {"max_age": 1.5},
    ],
)
def test_claims_of_an_object(calm: Stage, claims: dict[str, Any]):
    """AZ-27, 4, 5, 6.3, 10.8: made by this client for us, for a short time, and good for nothing else."""
    assert refused(calm, signed(calm, **claims)) == "invalid_request_object"


def test_signatures(calm: Stage):
    """AZ-09, AZ-27, 6.1, 6.2: unsigned, by another key or algorithm, changed, of another type, encrypted, a client assertion."""
    head, payload, signature = signed(calm).split(".")
    none = b64url_encode(dump_json({"alg": "none"}))
    for token in (
        f"{none}.{payload}.",
        f"{head}.{b64url_encode(dump_json(said(calm, state='changed')))}.{signature}",
        sign(generate("ES256", "bank-1"), said(calm), typ=TYP),
        sign(generate("ES384", "bank-1"), said(calm), typ=TYP),
        sign(calm.bank_key, said(calm), typ="logout+jwt"),
        f"{head}.{payload}.{signature}.x.y",
        "x",
        calm.assertion()["client_assertion"],
    ):
        assert refused(calm, token) == "invalid_request_object"


def test_each_algorithm_works(stage: Stage):
    """HP-52: an object with each listed algorithm is accepted; the others of the table are not."""
    for alg in ALGORITHMS:
        key = generate(alg, f"bank-{alg}")
        jwks = json.dumps({"keys": [stage.bank_key.public_jwk(), key.public_jwk()]})
        stage.write("applications/bank.yaml", f"name: Bank\njwks: {jwks}\nredirect_uris: ['{CALLBACK['bank']}']\n")
        answer = ask(stage, sign(key, said(stage), typ=TYP))
        assert answer.headers["Location"].startswith("/signin/") is (alg in OUR_ALGORITHMS), alg


def test_an_object_authenticates_nobody(calm: Stage):
    """10.8: its explicit type is refused as a client assertion."""
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK["bank"]}
    assertion = calm.assertion(typ=TYP)
    assert oauth_error(calm.post("/token", {**form, **assertion}, None)) == (401, "invalid_client")


def test_errors_without_a_registered_address_are_a_page(calm: Stage):
    """HP-7: nothing unverified redirects: neither the address of a broken object nor a foreign one beside it."""
    token = signed(calm, exp=1)
    for beside in ({"redirect_uri": "https://evil.example/"}, {"redirect_uri": ""}):
        with calm.unchanged():
            assert page_error(ask(calm, token, **beside)) == "bad_request"


def test_only_by_value(calm: Stage):
    """HP-14, AZ-10: an object at an address is refused openly and never fetched; beside `request` it is a contradiction (5)."""
    address = "https://bank.contoso.example/request.jwt"
    assert sent_to(calm.get("/authorize", {**BESIDE, "request_uri": address}))[1]["error"] == "request_uri_not_supported"
    assert sent_to(ask(calm, signed(calm), request_uri=address))[1]["error"] == "invalid_request"


def test_applications_without_a_key(calm: Stage):
    """Core 6.1: nothing could verify the object of a confidential or public application without a key."""
    for name in ("payroll", "spa"):
        query = {"client_id": name, "redirect_uri": CALLBACK[name], "request": signed(calm, client_id=name, iss=name)}
        assert sent_to(calm.get("/authorize", query))[1]["error"] == "request_not_supported"


def test_pushed(calm: Stage):
    """RFC 9126 3: the object is verified at the push, where nothing beside it is read; its life ends with the push."""
    form = {"request": signed(calm, exp=calm.clock() + 5), "redirect_uri": "https://evil.example/", "scope": "x"}
    answer = calm.post("/par", {**form, **calm.assertion()}, None)
    assert answer.status_code == 201
    calm.clock.advance(50)
    query = {"client_id": "bank", "request_uri": answer.get_json()["request_uri"]}
    assert calm.get("/authorize", query).headers["Location"].startswith("/signin/")


def test_refused_at_the_push(calm: Stage):
    """RFC 9126 3, 2.3: JSON, and nothing is stored but the assertion's jti."""
    for token, error in (
        (signed(calm, exp=1), "invalid_request_object"),
        (signed(calm, client_id="payroll"), "invalid_request_object"),
        (signed(calm, redirect_uri="https://evil.example/"), "invalid_request"),
    ):
        assert oauth_error(calm.post("/par", {"request": token, **calm.assertion()}, None)) == (400, error)
    assert calm.counts()["pushed_requests"] == 0
