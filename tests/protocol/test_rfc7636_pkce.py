"""RFC 7636: proof key for code exchange, S256 only."""

from __future__ import annotations

import pytest

from broker.provider.pkce import is_challenge, proves
from tests.protocol.stage import CHALLENGE, VERIFIER, Stage, oauth_error, sent_to


def test_appendix_b():
    """RFC 7636 appendix B: the example of the standard."""
    assert proves("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")


def test_public_application_needs_a_challenge(calm: Stage):
    """AZ-05, HP-13: RFC 9700 2.1.1."""
    with calm.unchanged():
        response = calm.authorize("spa", drop="code_challenge code_challenge_method")
    assert sent_to(response)[1]["error"] == "invalid_request"


def test_require_pkce_binds_a_confidential_application(stage: Stage):
    """`require_pkce: true` refuses what a confidential application may leave out otherwise, and takes S256 as ever."""
    path = stage.home / "config/applications/payroll.yaml"
    stage.write("applications/payroll.yaml", path.read_text() + "require_pkce: true\n")
    refused = stage.authorize(drop="code_challenge code_challenge_method")
    assert sent_to(refused)[1]["error"] == "invalid_request"
    assert stage.authorize().headers["Location"].startswith("/signin/")


def test_confidential_application_may_do_without(calm: Stage):
    """HP-48: Core knows no challenge."""
    response = calm.authorize(drop="code_challenge code_challenge_method nonce state")
    assert response.headers["Location"].startswith("/signin/")


@pytest.mark.parametrize(
    "params",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": CHALLENGE[:42]},
        {"code_challenge": CHALLENGE + "A"},
        {"code_challenge": CHALLENGE[:42] + "="},
        {"code_challenge": CHALLENGE[:42] + "+"},
        {"code_challenge": CHALLENGE[:42] + "é"},
        {"code_challenge_method": ""},
        {"code_challenge": ""},
    ],
)
def test_challenge_that_proves_nothing(calm: Stage, params: dict[str, str]):
    """AZ-05, HP-13: plain, no method (which would mean plain), no challenge, 42 characters, another alphabet."""
    with calm.unchanged():
        response = calm.authorize(**params)
    assert sent_to(response)[1]["error"] == "invalid_request"


WRONG = ["w" * 43, VERIFIER + "x", VERIFIER[:42], "v" * 42, "v" * 129, "é" * 43, VERIFIER[:-1] + "+", ""]


@pytest.mark.parametrize("verifier", WRONG)
def test_wrong_verifier_burns_the_code(both: Stage, verifier: str):
    """TK-03, HP-32: RFC 7636 4.6; RFC 9700 4.8.2: wrong, missing, non-ASCII, 42 or 129 characters; then the right one is late."""
    _, code = both.grant()
    assert oauth_error(both.exchange(code, code_verifier=verifier)) == (400, "invalid_grant")
    assert oauth_error(both.exchange(code)) == (400, "invalid_grant")
    assert both.counts()["access_tokens"] == 0


def test_verifier_though_none_was_asked(calm: Stage):
    """TK-03, HP-32: RFC 9700 2.1.1, the downgrade of somebody who strips the challenge."""
    _, code = calm.grant(code_challenge=None)
    assert oauth_error(calm.exchange(code)) == (400, "invalid_grant")
    assert oauth_error(calm.exchange(code, code_verifier="")) == (400, "invalid_grant")


def test_without_challenge_and_without_verifier(calm: Stage):
    """HP-48: a confidential application that uses neither."""
    _, code = calm.grant(code_challenge=None)
    assert calm.exchange(code, code_verifier="").status_code == 200


@pytest.mark.parametrize("text", ["", "A" * 42, "A" * 44, "A" * 42 + "\n", "A" * 43 + "\n"])
def test_form_of_a_challenge(text: str):
    """HP-13: exactly 43 characters of base64url."""
    assert not is_challenge(text)


def test_presence_is_judged_both_ways():
    """HP-32: a verifier is there exactly when a challenge is."""
    assert proves(None, None)
    assert not proves(None, VERIFIER)
    assert not proves(CHALLENGE, None)
    assert not proves(CHALLENGE, VERIFIER + "\n")
