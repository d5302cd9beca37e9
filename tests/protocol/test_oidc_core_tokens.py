"""OpenID Connect Core: what a sign-in gives an application, by ID token and userinfo."""

from __future__ import annotations

from tests.protocol.stage import ISSUER, Stage


def test_code_to_tokens_to_userinfo(both: Stage):
    """Core 3.1.3.3, 5.3.2: one sign-in, on both databases; always `scope`, never stored (HP-28)."""
    who = both.person(name="Ada", profile={"given_name": "Ada"})
    _, code = both.grant(who)
    answer = both.exchange(code)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    said = both.claims(body["id_token"])
    assert said["iss"] == ISSUER
    info = both.userinfo(body["access_token"])
    assert info.status_code == 200
    assert info.get_json()["sub"] == said["sub"]
    assert info.get_json()["given_name"] == "Ada"
