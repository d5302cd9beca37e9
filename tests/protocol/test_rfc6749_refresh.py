"""RFC 6749 6 and RFC 9700 4.14: refresh tokens rotate, and one used twice ends its family."""

from __future__ import annotations

import pytest

from tests.protocol.stage import Stage, oauth_error

DAY = 86_400
GRANTED = "openid profile email address phone groups roles offline_access"


def test_rotation(both: Stage):
    """HP-35: a new token each time, the old one over; scope always said; the ID token has no nonce (Core 12.2)."""
    first = both.tokens()
    answer = both.refresh(first["refresh_token"])
    body = answer.get_json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    assert body["refresh_token"] != first["refresh_token"]
    assert body["scope"] == GRANTED
    assert answer.headers["Cache-Control"] == "no-store"
    before, after = both.claims(first["id_token"]), both.claims(body["id_token"])
    assert {n: before[n] for n in ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr")} == {
        n: after[n] for n in ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr")
    }
    assert "nonce" in before
    assert "nonce" not in after
    assert both.userinfo(body["access_token"]).status_code == 200
    assert both.userinfo(first["access_token"]).status_code == 200


def test_reuse_ends_the_family(both: Stage):
    """TK-05, HP-35: the rotated token again, after the grace: invalid_grant, and every token of the grant is over; audited once."""
    first = both.tokens()
    second = both.refresh(first["refresh_token"]).get_json()
    both.clock.advance(30)
    assert oauth_error(both.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert oauth_error(both.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert both.userinfo(second["access_token"]).status_code == 401
    assert both.userinfo(first["access_token"]).status_code == 401
    assert both.audited().count("refresh_token.reused") == 1


def test_token_of_another_client(both: Stage):
    """TK-04, HP-34: refused, nothing spent, nothing revoked."""
    token = both.tokens()["refresh_token"]
    assert oauth_error(both.refresh(token, "travel")) == (400, "invalid_grant")
    second = both.refresh(token)
    assert second.status_code == 200
    assert oauth_error(both.refresh(token, "travel")) == (400, "invalid_grant")
    assert both.refresh(second.get_json()["refresh_token"]).status_code == 200


@pytest.mark.parametrize("client_id", ["payroll", "spa"])
def test_only_with_offline_access(calm: Stage, client_id: str):
    """TK-08, HP-33: asked, allowed and agreed to, or there is none."""
    who = calm.person("openid profile", client_id)
    assert "refresh_token" not in calm.tokens(who, client_id, scopes=("openid", "profile"))
    assert "refresh_token" not in calm.tokens(who, client_id, scopes=("openid", "offline_access"))


def test_not_where_the_application_may_not(calm: Stage):
    """TK-08, HP-33: its file does not list the scope."""
    who = calm.person("openid offline_access", "native")
    assert "refresh_token" not in calm.tokens(who, "native", scopes=("openid", "offline_access"))


@pytest.mark.parametrize("scope", ["openid", "openid email", "offline_access", "email profile"])
def test_narrower_scope(calm: Stage, scope: str):
    """RFC 6749 6: fewer scopes for this access token; the family keeps what was granted; without openid no ID token."""
    body = calm.refresh(calm.tokens()["refresh_token"], scope=scope).get_json()
    assert set(body["scope"].split()) == set(scope.split())
    assert ("id_token" in body) == ("openid" in scope)
    status = calm.userinfo(body["access_token"]).status_code
    assert status == (200 if "openid" in scope else 403)
    assert calm.refresh(body["refresh_token"]).get_json()["scope"] == GRANTED


@pytest.mark.parametrize("scope", ["openid admin:all", "root", "openid api"])
def test_larger_scope(calm: Stage, scope: str):
    """TK-07: invalid_scope, and the token is not spent."""
    token = calm.tokens()["refresh_token"]
    assert oauth_error(calm.refresh(token, scope=scope)) == (400, "invalid_scope")
    assert calm.refresh(token).status_code == 200


def test_scope_that_was_granted_only_elsewhere(calm: Stage):
    """TK-07: known, allowed to the application, but not granted to this grant."""
    token = calm.tokens(scopes=("openid", "offline_access"))["refresh_token"]
    assert oauth_error(calm.refresh(token, scope="openid email")) == (400, "invalid_scope")


@pytest.mark.parametrize(("days", "status"), [(6, 200), (7, 400)])
def test_idle(stage: Stage, days: int, status: int):
    """HP-35, HT-12: unused for `tokens.refresh_idle`."""
    token = stage.tokens()["refresh_token"]
    stage.clock.advance(days * DAY)
    assert stage.refresh(token).status_code == status


def test_absolute_end(stage: Stage):
    """HP-35: rotation does not move the family's end."""
    token = stage.tokens()["refresh_token"]
    for _ in range(5):
        stage.clock.advance(6 * DAY - 1)
        answer = stage.refresh(token)
        if answer.status_code == 200:
            token = answer.get_json()["refresh_token"]
    stage.clock.advance(10)
    assert oauth_error(stage.refresh(token)) == (400, "invalid_grant")


@pytest.mark.parametrize("kind", ["garbage", "code", "access_token", "id_token", "empty"])
def test_no_other_token_is_a_refresh_token(calm: Stage, kind: str):
    """HT-5: each kind has its own table."""
    _, code = calm.grant()
    body = calm.tokens()
    value = {"garbage": "x", "code": code, "empty": ""}.get(kind) or body.get(kind, "")
    assert oauth_error(calm.refresh(value))[1] in {"invalid_grant", "invalid_request"}
    assert calm.exchange(code).status_code == 200
