"""RFC 6749 3.2, 4.1.3, 5: the token endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.protocol.stage import CALLBACK, ISSUER, SECRETS, VERIFIER, Stage, oauth_error
from tests.race import race


def test_code_is_spent_once(both: Stage):
    """TK-01, HP-30, HP-31: shown again it is invalid_grant, and every token of its grant is over; audited."""
    _, code = both.grant()
    first = both.exchange(code).get_json()
    assert oauth_error(both.exchange(code)) == (400, "invalid_grant")
    assert both.userinfo(first["access_token"]).status_code == 401
    assert oauth_error(both.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert "code.reused" in both.audited()
    assert oauth_error(both.exchange(code)) == (400, "invalid_grant")
    assert both.audited().count("code.reused") == 1


def test_twenty_exchanges_at_once(both: Stage):
    """TK-01, HP-30: one success on both databases; at most one access token was ever made."""
    _, code = both.grant()
    answers = race(lambda _: both.exchange(code))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    assert {oauth_error(answer) for answer in answers if answer.status_code == 400} == {(400, "invalid_grant")}
    assert both.counts()["access_tokens"] == 1


def test_code_of_another_client(both: Stage):
    """TK-02, HP-30: refused without spending it; not even when it is spent does the stranger end anything."""
    _, code = both.grant()
    assert oauth_error(both.exchange(code, "travel", redirect_uri=CALLBACK["payroll"])) == (400, "invalid_grant")
    token = both.exchange(code).get_json()["access_token"]
    assert oauth_error(both.exchange(code, "travel", redirect_uri=CALLBACK["payroll"])) == (400, "invalid_grant")
    assert both.userinfo(token).status_code == 200


@pytest.mark.parametrize("uri", [CALLBACK["travel"], CALLBACK["payroll"] + "/", CALLBACK["payroll"] + "?x"])
def test_other_redirect_uri_burns_the_code(stage: Stage, uri: str):
    """TK-02, HP-29, HP-32: RFC 6749 4.1.3."""
    _, code = stage.grant()
    assert oauth_error(stage.exchange(code, redirect_uri=uri)) == (400, "invalid_grant")
    assert oauth_error(stage.exchange(code)) == (400, "invalid_grant")


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 400), (61, 400)])
def test_code_lives_sixty_seconds(stage: Stage, seconds: int, status: int):
    """TK-02, HP-29, HT-12: at its end it is over."""
    _, code = stage.grant()
    stage.clock.advance(seconds)
    assert stage.exchange(code).status_code == status


@pytest.mark.parametrize("change", ["cut", "longer", "other case", "space", "other"])
def test_code_that_is_not_whole(calm: Stage, change: str):
    """TK-02: truncated, longer, other case; the code itself is untouched."""
    _, code = calm.grant()
    wrong = {"cut": code[:-1], "longer": code + "A", "other case": code.swapcase(), "space": f" {code}", "other": "x"}[change]
    assert oauth_error(calm.exchange(wrong)) == (400, "invalid_grant")
    assert calm.exchange(code).status_code == 200


@pytest.mark.parametrize("missing", ["code", "redirect_uri"])
def test_missing_parameter_spends_nothing(calm: Stage, missing: str):
    """RFC 6749 5.2: invalid_request."""
    _, code = calm.grant()
    assert oauth_error(calm.exchange(code, **{missing: ""})) == (400, "invalid_request")
    assert calm.exchange(code).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "username": "ada", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "unsupported_grant_type"),
        ({"grant_type": "Authorization_Code"}, "unsupported_grant_type"),
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
    ],
)
def test_grant_types(calm: Stage, form: dict[str, str], error: str):
    """TK-14, HP-28: a closed list."""
    with calm.unchanged():
        assert oauth_error(calm.post("/token", form)) == (400, error)


def test_client_credentials(stage: Stage):
    """RFC 6749 4.4: one token, for the management API alone; tests/web/graph/test_tokens.py has the rest."""
    stage.write(
        "applications/robot.yaml", f"name: Robot\nclient_secret: {SECRETS['payroll']}\napi_permissions: [User.Read.All]\n"
    )
    form = {"grant_type": "client_credentials", "client_id": "robot", "client_secret": SECRETS["payroll"]}
    answer = stage.post("/token", {**form, "scope": f"{ISSUER}/.default"}, None)
    assert answer.get_json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert oauth_error(stage.post("/token", {**form, "scope": "openid"}, None)) == (400, "invalid_scope")


def test_repeated_parameter(calm: Stage):
    """TK-14, HP-9: RFC 6749 3.2."""
    body = "grant_type=authorization_code&grant_type=refresh_token&code=x"
    answer = calm.web.post(
        "/token", data=body, content_type="application/x-www-form-urlencoded", base_url=ISSUER, headers=calm.basic()
    )
    assert oauth_error(answer) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head"])
def test_post_only(calm: Stage, method: str):
    """TK-10, HP-28: 405 with Allow."""
    answer = getattr(calm.web, method)("/token", base_url=ISSUER, headers=calm.basic())
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("mimetype", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_forms_only(calm: Stage, mimetype: str):
    """TK-17, HP-28: another content type is invalid_request."""
    answer = calm.web.post("/token", data=b'{"grant_type": "x"}', content_type=mimetype, base_url=ISSUER, headers=calm.basic())
    assert oauth_error(answer) == (400, "invalid_request")


@pytest.mark.parametrize("body", [b"grant_type=\xff", b"grant_type=%ff", b"grant_type=%00", b"code=a%0d%0ab", b"a=%ed%a0%80"])
def test_text_only(calm: Stage, body: bytes):
    """TK-17, HP-11: invalid UTF-8, NUL, control characters."""
    answer = calm.web.post(
        "/token", data=body, content_type="application/x-www-form-urlencoded", base_url=ISSUER, headers=calm.basic()
    )
    assert oauth_error(answer) == (400, "invalid_request")


def test_large_body(calm: Stage):
    """TK-17, HW-8: 10 MiB is 413, 9 KiB of a form invalid_request."""
    assert oauth_error(calm.post("/token", {"code": "x" * 10_485_760})) == (413, "invalid_request")
    assert oauth_error(calm.post("/token", {"code": "x" * 9000})) == (400, "invalid_request")


def test_query_is_refused(calm: Stage):
    """TK-10, HP-25: nothing of a token request stands in the query."""
    _, code = calm.grant()
    for path in ("/token?client_secret=x", "/token?a=b", "/introspect?token=x", "/revoke?token=x"):
        assert oauth_error(calm.post(path, {"grant_type": "authorization_code", "code": code, "token": "x"})) == (
            400,
            "invalid_request",
        )
    assert calm.exchange(code).status_code == 200


def test_nothing_of_a_request_is_repeated(calm: Stage, caplog: pytest.LogCaptureFixture):
    """HP-27, LP-01, HT-2: no code, verifier, secret or token in an answer to a refusal or in the log at DEBUG."""
    caplog.set_level("DEBUG")
    _, code = calm.grant()
    answer = calm.exchange(code, redirect_uri="https://evil.example/leak")
    body = calm.tokens()
    calm.userinfo(body["access_token"])
    calm.refresh(body["refresh_token"])
    said = answer.text + str(answer.headers) + caplog.text
    for secret in (
        code,
        VERIFIER,
        "evil.example",
        "payroll-secret",
        body["access_token"],
        body["refresh_token"],
        body["id_token"],
    ):
        assert secret not in said


def test_database_holds_hashes_only(stage: Stage):
    """HT-4, AD-05: no code, token or secret in clear."""
    _, code = stage.grant()
    body = stage.exchange(code).get_json()
    stage.broker.core.db.close()
    folder = stage.broker.core.db.url.removeprefix("sqlite:///").rpartition("/")[0]
    stored = b"".join(path.read_bytes() for path in Path(folder).iterdir())
    for secret in (code, body["access_token"], body["refresh_token"], "payroll-secret"):
        assert secret.encode() not in stored
