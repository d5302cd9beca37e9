"""The FAPI 2.0 Security Profile, for an application with `fapi: true`: private_key_jwt, pushed requests, PKCE and DPoP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.jose.keys import PrivateKey, generate, public_keys
from broker.jose.sign import sign
from broker.jose.verify import verify
from tests.protocol.dpop_client import DpopClient
from tests.protocol.stage import ALL_SCOPES, CALLBACK, CHALLENGE, ISSUER, VERIFIER, Stage, oauth_error, sent_to

REQUEST = {
    "redirect_uri": CALLBACK["bank"],
    "response_type": "code",
    "scope": "openid offline_access",
    "state": "s-1",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def rsa_key() -> PrivateKey:
    """A second key of the bank, which could sign by RS256."""
    return generate("RS256", "bank-rsa")


@pytest.fixture
def bank(stage: Stage, rsa_key: PrivateKey) -> DpopClient:
    """The application `bank` with the whole profile, by one line of its file."""
    jwks = {"keys": [stage.bank_key.public_jwk(), rsa_key.public_jwk()]}
    stage.write(
        "applications/bank.yaml",
        f"name: Bank\nfapi: true\njwks: {json.dumps(jwks)}\nredirect_uris: ['{CALLBACK['bank']}']\naccess_tokens: jwt\n"
        f"id_token_signed_response_alg: PS256\nscopes: [{ALL_SCOPES.replace(' ', ', ')}]\n",
    )
    client = DpopClient(stage)
    client.post("/token", {}, None)
    return client


def post(client: DpopClient, path: str, form: dict[str, str], **claims: Any) -> TestResponse:
    """A form of the bank, authenticated by its key and with a proof."""
    return client.post(path, {**form, **client.stage.assertion()}, None, **claims)


def redeem(client: DpopClient, code: str) -> TestResponse:
    """A code at the token endpoint."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK["bank"], "code_verifier": VERIFIER}
    return post(client, "/token", form)


def test_a_whole_sign_in(bank: DpopClient):
    """HP-57: push, authorization response with iss and state, code for tokens that are bound to the key, userinfo (5.3.2, 5.3.4)."""
    stage = bank.stage
    pushed = post(bank, "/par", REQUEST).get_json()
    assert pushed["expires_in"] < 600
    who = stage.person(application="bank")
    first = stage.get("/authorize", {"client_id": "bank", "request_uri": pushed["request_uri"]})
    cookies = [first.headers["Set-Cookie"].split(";")[0], stage.cookie(who)["Cookie"]]
    place, answer = sent_to(stage.get(first.headers["Location"], headers={"Cookie": "; ".join(cookies)}))
    assert (place, answer["iss"], answer["state"]) == (CALLBACK["bank"], ISSUER, "s-1")
    body = redeem(bank, answer["code"]).get_json()
    assert body["token_type"] == "DPoP"
    keys = public_keys(stage.get("/jwks").get_json())
    assert verify(body["access_token"], keys, ["PS256"], typ=("at+jwt",)).claims["cnf"] == {"jkt": bank.jkt}
    assert verify(body["id_token"], keys, ["PS256"]).claims["nonce"] == "n-1"
    assert bank.userinfo(body["access_token"]).status_code == 200


def test_only_pushed_requests(bank: DpopClient):
    """HP-57: 5.3.2.2: neither a plain request nor a signed one at the authorization endpoint."""
    stage = bank.stage
    assert sent_to(stage.authorize("bank"))[1]["error"] == "invalid_request"
    now = stage.clock()
    said = {**REQUEST, "iss": "bank", "aud": ISSUER, "client_id": "bank", "nbf": now, "exp": now + 60}
    token = sign(stage.bank_key, said, typ="oauth-authz-req+jwt")
    query = {"client_id": "bank", "redirect_uri": CALLBACK["bank"], "request": token}
    assert sent_to(stage.get("/authorize", query))[1]["error"] == "invalid_request"
    assert post(bank, "/par", {"request": token}).status_code == 201


def test_only_with_pkce(bank: DpopClient):
    """5.3.2.2: S256, though the application is confidential."""
    for drop in ({"code_challenge", "code_challenge_method"}, {"code_challenge_method"}):
        form = {name: value for name, value in REQUEST.items() if name not in drop}
        assert oauth_error(post(bank, "/par", form)) == (400, "invalid_request")


def test_only_bound_tokens(bank: DpopClient):
    """HP-57, HP-59: 5.3.2.1: a token request without a proof is refused, and does not use the code up."""
    stage = bank.stage
    _, code = stage.grant(stage.person(application="bank"), "bank")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK["bank"], "code_verifier": VERIFIER}
    assert oauth_error(stage.post("/token", {**form, **stage.assertion()}, None)) == (400, "invalid_dpop_proof")
    assert redeem(bank, code).status_code == 200


def test_no_rotation(bank: DpopClient):
    """5.3.2.1: the refresh token stays the same, also for parallel requests; its idle end moves, and revocation ends it."""
    stage = bank.stage
    _, code = stage.grant(stage.person(application="bank"), "bank")
    token = redeem(bank, code).get_json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    answers = [post(bank, "/token", form).get_json() for _ in range(3)]
    assert [answer["refresh_token"] for answer in answers] == [token] * 3
    assert len({answer["access_token"] for answer in answers}) == 3
    for _ in range(4):
        stage.clock.advance(6 * 86_400)
        bank.nonce = ""
        assert post(bank, "/token", form).status_code == 200
    stage.clock.advance(6 * 86_400)
    bank.nonce = ""
    assert oauth_error(post(bank, "/token", form)) == (400, "invalid_grant")
    assert stage.counts()["refresh_answers"] == 0


def test_revoked_and_of_another_client(bank: DpopClient):
    """HP-34, HP-36: what holds for rotating tokens holds for one that stays."""
    stage = bank.stage
    _, code = stage.grant(stage.person(application="bank"), "bank")
    token = redeem(bank, code).get_json()["refresh_token"]
    assert oauth_error(stage.refresh(token)) == (400, "invalid_grant")
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert post(bank, "/token", form).status_code == 200
    assert stage.post("/revoke", {"token": token, **stage.assertion()}, None).status_code == 200
    assert oauth_error(post(bank, "/token", form)) == (400, "invalid_grant")


def test_algorithms(bank: DpopClient, rsa_key: PrivateKey):
    """TK-23, HP-57: 5.4.1: RS256 neither for client assertions nor for proofs nor for request objects."""
    stage = bank.stage
    assertion = stage.assertion(rsa_key)
    assert oauth_error(bank.post("/par", {**REQUEST, **assertion}, None)) == (401, "invalid_client")
    now = stage.clock()
    said = {**REQUEST, "iss": "bank", "aud": ISSUER, "client_id": "bank", "exp": now + 60}
    token = sign(rsa_key, said, typ="oauth-authz-req+jwt")
    assert oauth_error(post(bank, "/par", {"request": token})) == (400, "invalid_request_object")
    other = DpopClient(stage, rsa_key, bank.nonce)
    assert oauth_error(post(other, "/par", REQUEST)) == (400, "invalid_dpop_proof")
    _, code = stage.grant(stage.person(application="bank"), "bank")
    assert oauth_error(redeem(other, code)) == (400, "invalid_dpop_proof")
    assert redeem(bank, code).status_code == 200


def test_other_applications_keep_their_rules(bank: DpopClient):
    """One line in one file: the others rotate, take bearer tokens and plain requests."""
    stage = bank.stage
    assert stage.authorize().headers["Location"].startswith("/signin/")
    body = stage.tokens()
    assert body["token_type"] == "Bearer"
    assert stage.refresh(body["refresh_token"]).get_json()["refresh_token"] != body["refresh_token"]
