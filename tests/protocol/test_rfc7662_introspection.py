"""RFC 7662: what a token is, told to its own application and to the APIs that its file lists."""

from __future__ import annotations

import pytest

from tests.protocol.stage import ISSUER, Stage, oauth_error

DEAD = {"active": False}


def test_own_application(both: Stage):
    """HP-38, HP-18: scope, client, sub, times, acr; the audience names the APIs."""
    who = both.person()
    body = both.tokens(who, scopes=("openid", "email"))
    said = both.post("/introspect", {"token": body["access_token"]})
    assert said.headers["Cache-Control"] == "no-store"
    assert said.get_json() == {
        "active": True,
        "iss": ISSUER,
        "client_id": "payroll",
        "sub": both.claims(body["id_token"])["sub"],
        "scope": "openid email",
        "token_type": "Bearer",
        "iat": both.clock(),
        "exp": both.clock() + 600,
        "aud": ["payroll", "travel"],
        "acr": "https://refeds.org/profile/sfa",
        "auth_time": both.clock(),
    }


def test_refresh_token(calm: Stage):
    """RFC 7662 2.1: told to its own application only, without a token_type; looking spends nothing."""
    token = calm.tokens()["refresh_token"]
    said = calm.post("/introspect", {"token": token, "token_type_hint": "refresh_token"}).get_json()
    assert said["active"] is True
    assert said["exp"] == calm.clock() + 7 * 86_400
    assert "token_type" not in said
    assert calm.post("/introspect", {"token": token}, "travel").get_json() == DEAD
    assert calm.refresh(token).status_code == 200


def test_audiences(calm: Stage):
    """UI-05, HP-38: payroll lists travel; travel lists nobody."""
    of_payroll = calm.tokens()["access_token"]
    of_travel = calm.tokens(calm.person(application="travel"), "travel")["access_token"]
    assert calm.post("/introspect", {"token": of_payroll}, "travel").get_json()["client_id"] == "payroll"
    assert calm.post("/introspect", {"token": of_payroll}, "tight").get_json() == DEAD
    assert calm.post("/introspect", {"token": of_travel}, "payroll").get_json() == DEAD


@pytest.mark.parametrize("kind", ["garbage", "code", "id_token", "spent"])
def test_everything_else_is_not_active(calm: Stage, kind: str):
    """UI-05, HP-38: exactly {"active": false}."""
    _, code = calm.grant()
    body = calm.tokens()
    calm.refresh(body["refresh_token"])
    value = {"garbage": "x", "code": code, "id_token": body["id_token"], "spent": body["refresh_token"]}[kind]
    answer = calm.post("/introspect", {"token": value})
    assert answer.status_code == 200
    assert answer.get_json() == DEAD


def test_expired(stage: Stage):
    """HT-12: over at its instant."""
    token = stage.tokens()["access_token"]
    stage.clock.advance(600)
    assert stage.post("/introspect", {"token": token}).get_json() == DEAD


def test_caller_is_authenticated(calm: Stage):
    """UI-05: 401 without credentials, with a wrong secret, as a public client; 405 for GET; invalid_request without a token."""
    token = calm.tokens()["access_token"]
    assert oauth_error(calm.post("/introspect", {"token": token}, None)) == (401, "invalid_client")
    wrong = {"token": token, "client_id": "payroll", "client_secret": "wrong"}
    assert oauth_error(calm.post("/introspect", wrong, None)) == (401, "invalid_client")
    assert oauth_error(calm.post("/introspect", {})) == (400, "invalid_request")
    assert calm.get("/introspect", {"token": token}).status_code == 405
    bearer = {"Authorization": f"Bearer {token}"}
    assert oauth_error(calm.post("/introspect", {"token": token}, None, headers=bearer)) == (401, "invalid_client")
