"""RFC 7009: a client gives a token back."""

from __future__ import annotations

import pytest

from tests.protocol.stage import Stage, oauth_error


@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "saml_assertion"])
def test_access_token(both: Stage, hint: str):
    """HP-38: it alone is over, whatever the hint says; audited."""
    body = both.tokens()
    form = {"token": body["access_token"], **({"token_type_hint": hint} if hint else {})}
    answer = both.post("/revoke", form)
    assert (answer.status_code, answer.data) == (200, b"")
    assert both.userinfo(body["access_token"]).status_code == 401
    assert both.refresh(body["refresh_token"]).status_code == 200
    assert "token.revoked" in both.audited()


def test_refresh_token(both: Stage):
    """RFC 7009 2.1: with its family and the access tokens of the grant."""
    body = both.tokens()
    assert both.post("/revoke", {"token": body["refresh_token"]}).status_code == 200
    assert oauth_error(both.refresh(body["refresh_token"])) == (400, "invalid_grant")
    assert both.userinfo(body["access_token"]).status_code == 401


def test_rotated_refresh_token(calm: Stage):
    """RFC 7009 2.1: an old token of the family ends it, too."""
    body = calm.tokens()
    second = calm.refresh(body["refresh_token"]).get_json()
    assert calm.post("/revoke", {"token": body["refresh_token"]}).status_code == 200
    assert oauth_error(calm.refresh(second["refresh_token"])) == (400, "invalid_grant")


def test_token_of_another_client(calm: Stage):
    """UI-06, HP-38: 200, and nothing is revoked."""
    body = calm.tokens()
    for kind in ("access_token", "refresh_token"):
        assert calm.post("/revoke", {"token": body[kind]}, "travel").status_code == 200
    assert calm.userinfo(body["access_token"]).status_code == 200
    assert calm.refresh(body["refresh_token"]).status_code == 200


@pytest.mark.parametrize("value", ["x", "é" * 100, "'; DROP TABLE grants; --"])
def test_garbage(calm: Stage, value: str):
    """UI-07: 200, empty; RFC 7009 2.2."""
    with calm.unchanged():
        answer = calm.post("/revoke", {"token": value})
    assert (answer.status_code, answer.data) == (200, b"")


def test_public_client(calm: Stage):
    """RFC 7009 2.1: bound to its name; the token is its proof."""
    body = calm.tokens(calm.person("openid offline_access", "spa"), "spa", scopes=("openid", "offline_access"))
    assert calm.post("/revoke", {"token": body["refresh_token"], "client_id": "spa"}, None).status_code == 200
    assert oauth_error(calm.refresh(body["refresh_token"], "spa")) == (400, "invalid_grant")


def test_refusals(calm: Stage):
    """RFC 7009 2.2.1: no token, no client, no POST."""
    assert oauth_error(calm.post("/revoke", {})) == (400, "invalid_request")
    assert oauth_error(calm.post("/revoke", {"token": "x"}, None)) == (401, "invalid_client")
    assert calm.get("/revoke").status_code == 405
