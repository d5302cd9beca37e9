"""The demo's identity provider: its token and userinfo endpoints."""

from __future__ import annotations

import base64
import urllib.parse

import pytest

from broker.demo.browser import Browser
from broker.demo.relying import SignInFailed, call
from tests.demo.conftest import Pair


def _code(pair: Pair) -> dict[str, str]:
    url, pending = pair.begin()
    code = pair.answer(Browser(), url).query["code"]
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": pair.party.redirect_uri,
        "code_verifier": pending.verifier,
    }


def _token(pair: Pair, form: dict[str, str], authorization: str | None = None) -> tuple[int, str]:
    secret = urllib.parse.quote_plus(pair.party._secret or "")
    basic = authorization if authorization is not None else f"Basic {base64.b64encode(f'application:{secret}'.encode()).decode()}"
    status, answer = call("POST", f"{pair.partner}/token", form=form, headers={"Authorization": basic} if basic else {})
    return status, str(answer.get("error", ""))


@pytest.mark.parametrize(
    "change",
    [{"code": "unknown"}, {"redirect_uri": "http://127.0.0.5/"}, {"code_verifier": "x" * 43}],
)
def test_token_refuses(pair: Pair, change: dict[str, str]) -> None:
    """A wrong code, redirect_uri or verifier is invalid_grant, and the code is burnt (RFC 6749 4.1.3, RFC 7636 4.6)."""
    form = _code(pair)
    assert _token(pair, {**form, **change}) == (400, "invalid_grant")
    if "code" not in change:
        assert _token(pair, form) == (400, "invalid_grant")


def test_token_refuses_a_missing_verifier_and_late_codes(pair: Pair) -> None:
    """No verifier for a challenge; a code after a minute; a code of another client; another grant type."""
    form = _code(pair)
    del form["code_verifier"]
    assert _token(pair, form) == (400, "invalid_grant")
    form = _code(pair)
    pair.clock.advance(60)
    assert _token(pair, form) == (400, "invalid_grant")
    assert _token(pair, {**_code(pair), "client_id": "public"}, "") == (400, "invalid_grant")
    assert _token(pair, {"grant_type": "password"}) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    "authorization", ["Basic !!", "Basic bm9jb2xvbg==", "Bearer x", "Basic YXBwbGljYXRpb246d3Jvbmc=", "Basic bm9ib2R5OmE="]
)
def test_token_authenticates(pair: Pair, authorization: str) -> None:
    """Malformed headers, a wrong secret and an unknown client are 401."""
    assert _token(pair, _code(pair), authorization) == (401, "invalid_client")


def test_confidential_client_cannot_go_without_secret(pair: Pair) -> None:
    """A client that has a secret must show it."""
    assert _token(pair, {**_code(pair), "client_id": "application"}, "") == (401, "invalid_client")


def test_userinfo_needs_a_live_token(pair: Pair) -> None:
    """An unknown token, and one that is over."""
    tokens = pair.sign_in(Browser())
    for header in ({}, {"Authorization": "Bearer nobody"}):
        assert call("GET", f"{pair.partner}/userinfo", headers=header)[0] == 401
    pair.clock.advance(600)
    with pytest.raises(SignInFailed, match="invalid_token"):
        pair.party.userinfo(tokens)


def test_lean(pair: Pair) -> None:
    """A lean partner tells name and address by userinfo only."""
    pair.provider.lean = True
    tokens = pair.sign_in(Browser())
    assert "email" not in tokens.claims
    assert pair.party.userinfo(tokens)["email"] == "ada@fabrikam.example"
