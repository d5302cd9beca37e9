"""OAuth 2.0 Form Post Response Mode."""

from __future__ import annotations

import re

import pytest

from broker.web.authorization_response import respond
from broker.web.pages import Pages
from tests.protocol.stage import CALLBACK, ISSUER, Stage

HOSTILE = "\"><script>alert(1)</script>'&\u202e"


def fields(html: str) -> dict[str, str]:
    """The hidden inputs of a page."""
    import html as markup

    return {n: markup.unescape(v) for n, v in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html)}


def test_error(calm: Stage):
    """HP-53, HP-21: the same members as by query; 200, not stored, nonce in the policy."""
    answer = calm.authorize(response_mode="form_post", response_type="token", state=HOSTILE)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'nonce-" in policy
    assert "form-action" not in policy
    said = fields(answer.text)
    assert said["error"] == "unsupported_response_type"
    assert said["iss"] == ISSUER
    assert said["state"] == HOSTILE
    assert f'action="{CALLBACK["payroll"]}"' in answer.text


def test_state_is_escaped(calm: Stage):
    """AZ-21, AZ-20: markup in state stays text."""
    answer = calm.authorize(response_mode="form_post", response_type="token", state=HOSTILE)
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_success(calm: Stage):
    """HP-53: code, iss and state."""
    request = calm.request(response_mode="form_post", state=HOSTILE)
    with calm.app.test_request_context(base_url=ISSUER):
        answer = respond(ISSUER, request, {"code": "c-1"}, Pages(calm.broker.core.settings))
    assert fields(answer.get_data(as_text=True)) == {"code": "c-1", "iss": ISSUER, "state": HOSTILE}


@pytest.mark.parametrize("uri", ["https://payroll.contoso.example/callback", "https://payroll.contoso.example/callback?a=b"])
def test_query_keeps_the_query(calm: Stage, uri: str):
    """RFC 6749 3.1.2, AZ-22: the registered query stays; 303."""
    request = calm.request(redirect_uri=uri, state=None)
    with calm.app.test_request_context(base_url=ISSUER):
        answer = respond(ISSUER, request, {"code": "c-1"}, Pages(calm.broker.core.settings))
    assert answer.status_code == 303
    rest = "code=c-1&iss=https%3A%2F%2Flogin.contoso.example"
    assert answer.headers["Location"] == uri + ("&" if "?" in uri else "?") + rest
