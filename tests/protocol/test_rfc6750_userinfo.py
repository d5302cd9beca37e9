"""RFC 6750 and OpenID Connect Core 5.3: userinfo."""

from __future__ import annotations

import pytest

from tests.protocol.stage import ISSUER, Stage, oauth_error

BARE = 'Bearer realm="userinfo"'


def test_get_and_post(calm: Stage):
    """HP-50, HP-37: the header by GET and POST, the form body of a POST; never stored."""
    token = calm.tokens()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    answers = [
        calm.userinfo(token),
        calm.web.post("/userinfo", base_url=ISSUER, headers=bearer),
        calm.web.post("/userinfo", base_url=ISSUER, data={"access_token": token}),
        calm.web.get("/userinfo", base_url=ISSUER, headers={"Authorization": f"bearer {token}"}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.data for answer in answers}) == 1
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert answers[0].mimetype == "application/json"


@pytest.mark.parametrize("kind", ["code", "refresh_token", "id_token"])
def test_no_other_token_opens_it(calm: Stage, kind: str):
    """UI-01, HT-5: code, refresh token, ID token."""
    _, code = calm.grant()
    value = {"code": code, **calm.tokens()}[kind]
    assert oauth_error(calm.userinfo(value)) == (401, "invalid_token")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "BearerX {token}",
        "Bearer  {token}",
        "Bearer {token} ",
        "Bearer {token} x",
        "Bearer {token},Bearer {token}",
        "Basic {token}",
        "{token}",
        "Bearer <script>",
        "Bearer " + "x" * 600,
        "Bearer é",
    ],
)
def test_form_of_the_header(calm: Stage, header: str):
    """UI-01, UI-03, HP-37: 401 invalid_token with a fixed description; nothing of it comes back."""
    answer = calm.get("/userinfo", headers={"Authorization": header.format(token=calm.tokens()["access_token"])})
    assert oauth_error(answer) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith(f'{BARE}, error="invalid_token", error_description="')
    assert "<script" not in answer.text + str(answer.headers)


def test_no_token(calm: Stage):
    """RFC 6750 3: the bare scheme, without an error."""
    answer = calm.get("/userinfo")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == BARE


def test_line_break_in_the_header(calm: Stage):
    """UI-03: the answer's header is whole."""
    answer = calm.web.get("/userinfo", base_url=ISSUER, environ_overrides={"HTTP_AUTHORIZATION": "Bearer a\r\nSet-Cookie: x=y"})
    assert oauth_error(answer) == (401, "invalid_token")
    assert "Set-Cookie" not in answer.headers


def test_query_is_never_read(calm: Stage, caplog: pytest.LogCaptureFixture):
    """UI-02, HP-37: RFC 9700 4.3.2; not logged, not taken even beside a right header."""
    caplog.set_level("DEBUG")
    token = calm.tokens()["access_token"]
    assert oauth_error(calm.get("/userinfo", {"access_token": token})) == (401, "invalid_token")
    assert oauth_error(calm.userinfo(token, query_string={"access_token": token})) == (401, "invalid_token")
    assert oauth_error(calm.web.post("/userinfo", base_url=ISSUER, query_string={"access_token": token}))[0] == 401
    assert token not in caplog.text


def test_one_place_only(calm: Stage):
    """HP-37: header and body is one too many; a JSON body is not read; a form in a GET neither."""
    token = calm.tokens()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    twice = calm.web.post("/userinfo", base_url=ISSUER, headers=bearer, data={"access_token": token})
    assert oauth_error(twice) == (401, "invalid_token")
    assert oauth_error(calm.web.post("/userinfo", base_url=ISSUER, json={"access_token": token}))[0] == 401
    assert oauth_error(calm.web.get("/userinfo", base_url=ISSUER, data={"access_token": token}))[0] == 401


@pytest.mark.parametrize(("seconds", "status"), [(599, 200), (600, 401)])
def test_lifetime(stage: Stage, seconds: int, status: int):
    """HT-12: `tokens.access`, over at its instant."""
    body = stage.tokens()
    assert body["expires_in"] == 600
    stage.clock.advance(seconds)
    assert stage.userinfo(body["access_token"]).status_code == status


def test_without_openid(calm: Stage):
    """RFC 6750 3.1: insufficient_scope, 403."""
    narrowed = calm.refresh(calm.tokens()["refresh_token"], scope="email").get_json()["access_token"]
    answer = calm.userinfo(narrowed)
    assert oauth_error(answer) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_methods(calm: Stage, method: str):
    """HP-50: GET and POST."""
    assert getattr(calm.web, method)("/userinfo", base_url=ISSUER).status_code == 405
