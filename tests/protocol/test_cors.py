"""Which origins a browser lets read an answer (HW-12, AD-08)."""

from __future__ import annotations

import pytest

from tests.protocol.stage import ISSUER, Stage

OWN = {"Origin": "https://payroll.contoso.example"}
OTHER = {"Origin": "https://travel.contoso.example"}
EVIL = {"Origin": "https://evil.example"}
ALLOWED = "Access-Control-Allow-Origin"


def test_token_and_revocation_answer_the_origin_of_a_redirect_uri(calm: Stage):
    """HW-12: of this application; not of another, not of a stranger, never with credentials."""
    for origin, seen in ((OWN, OWN["Origin"]), (OTHER, None), (EVIL, None), ({"Origin": "null"}, None)):
        _, code = calm.grant()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://payroll.contoso.example/callback"}
        answer = calm.post("/token", {**form, "code_verifier": "verifier-" * 6}, headers=origin)
        assert answer.status_code == 200
        assert answer.headers.get(ALLOWED) == seen
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.headers["Vary"]
        assert calm.post("/revoke", {"token": "x"}, headers=origin).headers.get(ALLOWED) == seen


def test_userinfo_answers_the_application_of_the_token(calm: Stage):
    """HW-12: the token says whose origins count."""
    token = calm.tokens()["access_token"]
    assert calm.userinfo(token, headers=OWN).headers[ALLOWED] == OWN["Origin"]
    assert ALLOWED not in calm.userinfo(token, headers=OTHER).headers


@pytest.mark.parametrize("path", ["/token", "/par", "/userinfo", "/revoke"])
def test_preflight(calm: Stage, path: str):
    """HW-12: nobody is known yet: the origins of any application."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = calm.web.options(path, base_url=ISSUER, headers={**OTHER, **asked})
    assert answer.status_code == 204
    assert answer.headers[ALLOWED] == OTHER["Origin"]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    refused = calm.web.options(path, base_url=ISSUER, headers={**EVIL, **asked})
    assert ALLOWED not in refused.headers
    assert "Access-Control-Allow-Methods" not in refused.headers


def test_errors_can_be_read_by_applications(calm: Stage):
    """HW-12: a browser application sees invalid_token and invalid_client; a stranger's page does not."""
    assert calm.userinfo("x", headers=OWN).headers[ALLOWED] == OWN["Origin"]
    assert calm.post("/token", {"client_id": "x"}, None, headers=OWN).headers[ALLOWED] == OWN["Origin"]
    assert ALLOWED not in calm.userinfo("x", headers=EVIL).headers


def test_without_origin_there_is_no_header(calm: Stage):
    """HW-12: programs that are no browsers."""
    assert ALLOWED not in calm.userinfo("x").headers


@pytest.mark.parametrize("path", ["/introspect", "/authorize", "/logout", "/apps", "/"])
def test_no_other_endpoint_answers_an_origin(calm: Stage, path: str):
    """AD-08: pages and introspection are for nobody's script."""
    answer = calm.web.options(path, base_url=ISSUER, headers=OWN)
    assert ALLOWED not in answer.headers
    assert ALLOWED not in calm.get(path, headers=OWN).headers
