"""The demo's identity provider: faults on request, each of which a careful application finds."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from broker.demo.browser import Browser
from broker.demo.faults import FAULTS
from broker.demo.relying import SignInFailed, call
from tests.demo.conftest import Pair

FOUND_BY = {
    "skewed_clock": "idtoken_time", "wrong_audience": "idtoken_aud", "wrong_issuer": "idtoken_iss", "unsigned": "idtoken_alg",
    "replayed": "idtoken_at_hash", "other_keys": "idtoken_signature", "wrong_nonce": "idtoken_nonce", "wrong_at_hash": "idtoken_at_hash",
    "mixed_up": "iss", "no_id_token": "id_token", "error": "access_denied", "down": "temporarily_unavailable",
}  # fmt: skip


@pytest.mark.parametrize(("fault", "found"), FOUND_BY.items())
def test_faults_are_found_by_a_careful_application(pair: Pair, fault: str, found: str) -> None:
    """OU-01, OU-03 to OU-06, OU-09, OU-15, OU-19, OU-22 to OU-24: each switch breaks exactly the sign-ins made under it."""
    browser = Browser()
    pair.sign_in(browser)
    pair.provider.fault = fault
    with pytest.raises(SignInFailed, match=found):
        pair.sign_in(browser)
    pair.provider.fault = "none"
    assert pair.sign_in(browser).claims["sub"] == "ada"


def test_replay_without_an_earlier_login(pair: Pair) -> None:
    """The replayed token of somebody who was never here is old and has another nonce."""
    pair.provider.fault = "replayed"
    with pytest.raises(SignInFailed, match="idtoken_nonce"):
        pair.sign_in(Browser())


def test_faults_in_what_is_said(pair: Pair) -> None:
    """missing_mail, unverified_mail and other_userinfo (OU-17) leave the ID token verifiable."""
    pair.provider.fault = "missing_mail"
    tokens = pair.sign_in(Browser())
    assert "email" not in tokens.claims
    assert "email" not in pair.party.userinfo(tokens)
    pair.provider.fault = "unverified_mail"
    tokens = pair.sign_in(Browser())
    assert tokens.claims["email_verified"] is False
    assert pair.party.userinfo(tokens)["email_verified"] is False
    pair.provider.fault = "no_auth_time"
    assert "auth_time" not in pair.sign_in(Browser()).claims
    pair.provider.fault = "other_userinfo"
    tokens = pair.sign_in(Browser())
    with pytest.raises(SignInFailed, match="sub differs"):
        pair.party.userinfo(tokens)


def test_every_fault_is_tested() -> None:
    """A new switch needs a line above."""
    assert set(FAULTS) == {*FOUND_BY, "none", "missing_mail", "unverified_mail", "other_userinfo", "no_auth_time"}


def test_switches(pair: Pair) -> None:
    """The page, the form and JSON turn the same switch; an unknown name turns none."""
    browser = Browser()
    page = browser.get(f"{pair.partner}/faults")
    assert page.document.data["data-fault"] == "none"
    assert browser.submit(page, press="skewed_clock").document.data["data-fault"] == "skewed_clock"
    assert browser.get(f"{pair.partner}/faults", accept="application/json").json()["fault"] == "skewed_clock"
    assert call("POST", f"{pair.partner}/faults", form={"fault": "typo"})[0] == 400
    assert "skewed_clock" in browser.get(f"{pair.partner}/").text
    assert call("POST", f"{pair.partner}/faults", form={"fault": "none"}) == (
        200,
        {"fault": "none", "faults": {fault.name: fault.title for fault in FAULTS.values()}},
    )
    with pytest.raises(ValueError, match="unknown fault"):
        pair.provider.fault = "typo"


def test_slow_clock_shows_in_the_date_header(pair: Pair) -> None:
    """A server has one clock."""
    honest = parsedate_to_datetime(Browser().get(f"{pair.partner}/").headers["date"])
    pair.provider.fault = "skewed_clock"
    slow = parsedate_to_datetime(Browser().get(f"{pair.partner}/").headers["date"])
    assert 7100 < (honest - slow).total_seconds() < 7201


def test_keys_change(pair: Pair) -> None:
    """POST /keys: a new key signs, the old one stays published unless told otherwise."""
    browser = Browser()
    pair.sign_in(browser)
    assert len(browser.post(f"{pair.partner}/keys", {}).json()["keys"]) == 2
    assert pair.sign_in(browser).claims["sub"] == "ada"
