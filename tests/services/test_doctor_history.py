"""Doctor: what the sign-ins of the past tell about a partner."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from broker.domain.receipt import Outcome
from broker.services.doctor import Level, sign_in_history
from broker.storage.login import receipts
from tests import factories
from tests.clock import START
from tests.journeys.world import ADA, World, partner_file
from tests.services.examined import examine, found, only


def file_of(small: World, old: str = "", new: str = "", *, more: str = "") -> None:
    """Write fabrikam's file anew, with a text replaced and keys added."""
    text = partner_file("Fabrikam", "fabrikam.example", small.partners["fabrikam"].issuer, more=more)
    small.write("partners/fabrikam.yaml", text.replace(old, new) if old else text)


def past_step(name: str, result: str, **more: Any) -> dict[str, Any]:
    """A step of a receipt."""
    return {"at": START, "step": name, "result": result, "reason": "", **more}


def vouched(**more: Any) -> dict[str, Any]:
    """The step in which a partner vouched."""
    return past_step("upstream", "vouched", **{"arrived": ["sub", "email", "name"], "email_verified": True, "mapped": []} | more)


def remember(small: World, *steps: dict[str, Any], outcome: Outcome = Outcome.ALLOWED, at: int = START, **more: Any) -> None:
    """A receipt of fabrikam."""
    with small.broker.core.db.write() as tx:
        receipts.save(tx, factories.receipt(partner="fabrikam", steps=steps, outcome=outcome, at=at, **more))


# --- what the past tells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason", "side", "word"),
    [
        ("skewed_clock", "idtoken_time", "partner", "NTP"),
        ("wrong_audience", "idtoken_aud", "ours", "client_id"),
        ("wrong_issuer", "idtoken_iss", "ours", "issuer"),
        ("other_keys", "idtoken_signature", "partner", "publish"),
        ("unsigned", "idtoken_alg", "partner", "sign ID tokens"),
        ("no_id_token", "upstream_response", "partner", "openid"),
        ("mixed_up", "upstream_iss", "partner", "iss"),
        ("down", "upstream_unavailable", "partner", "up"),
    ],
)
def test_past_failures(small: World, fault: str, reason: str, side: str, word: str) -> None:
    """Each failure: how often, when last, by which reference, what was expected, who changes what; solved once it works."""
    small.partners["fabrikam"].fault = fault
    pages = [small.arrive(small.visitor(ADA)) for _ in range(2)]
    failures = [finding for finding in found(examine(small), "past_failures") if finding.seen.startswith(reason)]
    (finding,) = failures
    assert (finding.level, finding.side) == (Level.PROBLEM, side)
    assert "in 2 sign-ins" in finding.seen
    assert any(page.request_id in finding.seen for page in pages)
    assert word in finding.change
    assert only(examine(small), "sign_ins").level is Level.WARNING
    small.partners["fabrikam"].fault = "none"
    small.clock.advance(60)
    small.redeem(small.visitor(ADA))
    later = [finding for finding in found(examine(small), "past_failures") if finding.seen.startswith(reason)]
    assert [finding.level for finding in later] == [Level.WARNING]
    assert "succeeded since" in later[0].seen


def test_a_wrong_clock_is_measured(small: World) -> None:
    """Clock skew from past logins: of refused tokens, and of accepted ones before it is too late."""
    small.partners["fabrikam"].fault = "skewed_clock"
    small.arrive(small.visitor(ADA))
    finding = only(examine(small), "clock_in_tokens")
    assert finding.level is Level.PROBLEM
    assert "-7200 s" in finding.seen
    for _ in range(5):
        remember(small, vouched(skew=-40), at=START + 5)
    finding = only(examine(small), "clock_in_tokens")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert "-40 s" in finding.seen


def test_a_refusal_by_rule_is_a_warning(small: World) -> None:
    """Somebody without an invitation is no fault of the partner."""
    small.arrive(small.visitor(ADA))
    finding = only(examine(small), "past_failures")
    assert (finding.level, finding.side) == (Level.WARNING, "ours")
    assert "broker invite" in finding.change


def test_the_providers_word_says_more(small: World) -> None:
    """upstream_error: by the word of the standard, so that two causes are two findings."""
    for word in ("access_denied", "invalid_client", "something_else"):
        step = past_step("upstream", "refused", detail=f"token endpoint: 400, {word}: more") | {"reason": "upstream_error"}
        remember(small, step, outcome=Outcome.FAILED)
    by_word = {finding.seen: finding for finding in found(examine(small), "past_failures")}
    assert len(by_word) == 3
    assert {finding.level for seen, finding in by_word.items() if "access_denied" in seen} == {Level.WARNING}
    assert {finding.side for seen, finding in by_word.items() if "invalid_client" in seen} == {"ours"}


def test_people_who_never_come_back(small: World) -> None:
    """A wrong redirect URI shows the provider's own error page: all that we see is that nobody returns."""
    for _ in range(sign_in_history.LOST):
        small.visitor(ADA).open(small.request()[0], stop_at=small.partners["fabrikam"].issuer)
    for _ in range(sign_in_history.LOST):
        remember(small, outcome=Outcome.ABANDONED, reason="left at the partner")
    finding = only(examine(small), "left_at_partner")
    assert finding.level is Level.PROBLEM
    assert "register" in finding.expected
    remember(small, vouched())
    assert only(examine(small), "left_at_partner").level is Level.WARNING


def test_claims_that_never_come(small: World) -> None:
    """Missing claims, and which ones did arrive, with those whose names are near."""
    file_of(small, more="claims: {groups: memberOf, department: departmnt, title: title}\n")
    remember(small, vouched(arrived=["sub", "email", "member_of", "department", "title"], mapped=["email"]))
    report = examine(small)
    missing = {finding.seen.split(" ", 1)[0]: finding for finding in found(report, "missing_claim")}
    assert set(missing) == {"claims.groups", "claims.department"}
    assert "these are near: department" in missing["claims.department"].seen
    assert "member_of" in missing["claims.groups"].change
    assert only(report, "unusable_claim").seen.startswith("claims.title")
    assert found(report, "claims") == []
    remember(small, vouched(arrived=["email", "groups", "departmnt", "title"], mapped=["groups", "department", "title"]))
    assert "all 3 mapped ones came" in only(examine(small), "claims").seen


@pytest.mark.parametrize(
    ("step", "trust", "level", "side"),
    [
        ({"arrived": ["sub"]}, "true", Level.PROBLEM, "partner"),
        ({"arrived": ["sub", "email"]}, "false", Level.WARNING, "ours"),
        ({"arrived": ["sub", "email", "email_verified"]}, "true", Level.WARNING, "partner"),
        ({"arrived": ["sub", "email"]}, "true", Level.WARNING, "ours"),
    ],
)
def test_an_address_that_does_not_count(small: World, step: dict[str, Any], trust: str, level: Level, side: str) -> None:
    """HO-14: no address, no trust, email_verified not true, or outside the domains: what it costs, who changes what."""
    file_of(small, "email: true", f"email: {trust}")
    remember(small, vouched(**step, email_verified=None))
    finding = only(examine(small), "email")
    assert (finding.level, finding.side) == (level, side)
    assert "invitation_identity" in finding.seen


@pytest.mark.parametrize("asked", ["fresh", "anew"])
def test_auth_time_that_does_not_come(small: World, asked: str) -> None:
    """HP-17: what its absence costs depends on whether it was asked for; receipts before December 2026 call it `anew`."""
    remember(small, past_step("upstream", "sent", fresh=False, max_age=None), vouched())
    assert only(examine(small), "auth_time").level is Level.WARNING
    remember(small, past_step("upstream", "sent", **{asked: True}), vouched())
    finding = only(examine(small), "auth_time")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert "auth_time_missing" in finding.change


def test_multi_factor_authentication(small: World) -> None:
    """HO-15: values that never come, and values that come but count for nothing."""
    remember(small, vouched(acr="https://refeds.org/profile/mfa", amr=["pwd"]))
    finding = only(examine(small), "mfa")
    assert (finding.level, finding.side) == (Level.WARNING, "ours")
    assert "https://refeds.org/profile/mfa" in finding.change
    file_of(small, "trust: {email: true}", "trust: {email: true, mfa: [phr]}")
    assert only(examine(small), "mfa").side == "partner"
    remember(small, vouched(acr="phr"))
    assert only(examine(small), "mfa").level is Level.OK


def test_fc_13_a_clock_that_was_set(small: World) -> None:
    """FC-13: the last answer decides; before there is one, the server's own clock is a reason to try."""
    for number in range(6):
        remember(small, vouched(skew=-7200, at=START - 600 + number))
    assert only(examine(small), "clock_in_tokens").level is Level.PROBLEM
    online = only(examine(small, offline=False), "clock_in_tokens")
    assert online.level is Level.WARNING
    assert "sign in once" in online.change
    remember(small, vouched(skew=1, at=START))
    repaired = only(examine(small), "clock_in_tokens")
    assert repaired.level is Level.OK
    assert repaired.seen == "the time in the last answer is +1 s from our clock; earlier it was -7200 s"


def test_fc_13_an_auth_time_that_is_no_time(small: World) -> None:
    """FC-13: 0 came, so "it never came" would contradict what the partner sees."""
    remember(small, past_step("upstream", "sent", max_age=60), vouched(arrived=["sub", "auth_time"]))
    finding = only(examine(small), "auth_time")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert "came in 1 of 1 sign-ins as 0" in finding.seen


def test_fc_14_a_login_left_at_the_partner_shows_after_five_minutes(small: World) -> None:
    """FC-14: whoever tries it out alone need not wait for an hour; who just went is no finding, nor who is followed by a success."""
    small.redeem(small.visitor(ADA))
    small.visitor(ADA).open(small.request()[0], stop_at=small.partners["fabrikam"].issuer)
    small.clock.advance(sign_in_history.AWAY - 1)
    assert found(examine(small), "left_at_partner") == []
    small.clock.advance(1)
    finding = only(examine(small), "left_at_partner")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert finding.seen.startswith("1 person went to the partner and did not come back")
    small.sign_in(small.visitor(ADA))
    assert found(examine(small), "left_at_partner") == []


def test_fc_14_whose_side_a_wrong_secret_is_on(small: World) -> None:
    """FC-14: the guest is sent to us, not to their own help desk; receipt and doctor say ours, with the partner's words."""
    small.redeem(small.visitor(ADA))
    file_of(small, "${env:SECRET}", "another-secret-0123456789")
    page = small.arrive(small.visitor(ADA))
    assert (page.error, page.status) == ("partner_failed", 502)
    assert "has to correct something on its side" in page.text
    assert "help desk" not in page.text
    receipt = small.receipt(page)
    assert receipt["reason"] == "upstream_error"
    (step,) = [step for step in receipt["steps"] if step["result"] == "refused"]
    assert step["partner_said"] == "wrong secret"
    assert "wrong secret" not in page.body.decode()
    finding = only(examine(small), "past_failures")
    assert (finding.side, finding.level) == ("ours", Level.PROBLEM)


def test_fc_14_the_partners_words_are_for_staff_alone(small: World, caplog: pytest.LogCaptureFixture) -> None:
    """FC-14, HO-17, OU-19: error_description goes to the receipt, on one line and cut; never to a page, nor into the log."""
    small.redeem(small.visitor(ADA))
    ada = small.visitor(ADA)
    state = ada.open(small.request()[0], stop_at=f"{small.url}/oidc").query["state"]
    text = "<script>alert(1)</script>\n\x1b[31mred " + "x" * 5000
    query = urlencode({"error": "access_denied", "error_description": text, "state": state})
    page = ada.browser.get(f"{small.url}/oidc/fabrikam/callback?{query}")
    assert page.error == "partner_failed"
    assert "alert(1)" not in page.body.decode()
    assert "alert(1)" not in caplog.text
    (step,) = [step for step in small.receipt(page)["steps"] if step["result"] == "refused"]
    assert step["partner_said"].startswith("<script>alert(1)</script>")
    assert step["partner_said"].isprintable()
    assert len(step["partner_said"]) <= 260
