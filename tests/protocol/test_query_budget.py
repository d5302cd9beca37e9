"""The SQL of the hot paths, pinned: a statement more is a decision, not an accident."""

from __future__ import annotations

from tests.protocol.dpop_client import DpopClient
from tests.protocol.stage import Stage


def test_token(both: Stage):
    """Token: attempts, code, standing, access token, family, refresh token; 7 are allowed."""
    _, code = both.grant()
    both.get("/jwks")  # the ring is looked for every five seconds, whoever comes
    with both.statements() as seen:
        assert both.exchange(code).status_code == 200
    assert len(seen) == 6, seen


def test_refresh(both: Stage):
    """Refresh: attempts, token, family, standing, access token, refresh token, response for the grace; 7 are allowed."""
    token = both.tokens()["refresh_token"]
    with both.statements() as seen:
        assert both.refresh(token).status_code == 200
    assert len(seen) == 7, seen


def test_userinfo(both: Stage):
    """Userinfo: one; 3 are allowed."""
    token = both.tokens()["access_token"]
    with both.statements() as seen:
        assert both.userinfo(token).status_code == 200
    assert len(seen) == 1, seen


def test_authorize(both: Stage):
    """Authorize: attempts and login; the browser's other logins are counted where it has any; 3 are allowed."""
    with both.statements() as seen:
        assert both.authorize().status_code == 303
    assert len(seen) <= 3, seen


def test_introspection_and_revocation(both: Stage):
    """Introspection: attempts and one; revocation: attempts, token, audit."""
    token = both.tokens()["access_token"]
    with both.statements() as seen:
        assert both.post("/introspect", {"token": token}).get_json()["active"] is True
    assert len(seen) == 2, seen
    with both.statements() as seen:
        assert both.post("/revoke", {"token": token}).status_code == 200
    assert len(seen) == 3, seen


def test_proof_of_possession(both: Stage):
    """RFC 9449: one statement more, for the jti of the proof."""
    client = DpopClient(both)
    client.post("/token", {})
    code = both.grant()[1]
    both.get("/jwks")
    with both.statements() as seen:
        body = client.exchange(code).get_json()
    assert len(seen) == 7, seen
    with both.statements() as seen:
        assert client.userinfo(body["access_token"]).status_code == 200
    assert len(seen) == 2, seen
