"""FC-02: a wrongly set-up application is explained: what it sent, what its file says, and whose side it is on."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.receipt import Search
from broker.services.doctor import advice
from broker.services.history.receipts import SENT
from broker.storage.login import refusals
from tests.protocol.stage import CALLBACK, SECRETS, Stage

CODE = {"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK["payroll"]}


def newest(stage: Stage, application: str | None = "payroll", **more: Any) -> dict[str, Any]:
    """The newest refusal of an application."""
    row = stage.broker.history.receipts.newest(search=Search(application=application, **more))[0].to_json()
    assert row["reason"] in advice.OF_APPLICATIONS, row["reason"]
    return row


def test_fc_02_a_wrong_redirect_uri_is_shown_beside_the_registered_ones(stage: Stage):
    """The page's reference leads to the application, the value that was sent, and those of its file."""
    wrong = CALLBACK["payroll"] + "/"
    page = stage.authorize(redirect_uri=wrong)
    assert page.status_code == 400
    row = newest(stage)
    assert row["request_id"] in page.text
    assert (row["application"], row["sent"], row["registered"]) == ("payroll", wrong, [CALLBACK["payroll"]])
    found = stage.broker.history.receipts.by_request(row["request_id"])
    assert found is not None
    assert found.to_json() == row


def test_fc_02_an_unknown_client_id_is_shown(stage: Stage):
    """No file names it, so it belongs to no application; what was sent is kept."""
    stage.authorize("pay-roll")
    row = newest(stage, None, reason="client")
    assert (row["application"], row["sent"]) == (None, "pay-roll")


@pytest.mark.parametrize(
    ("more", "reason", "sent"),
    [
        ({"scope": "email"}, "scope", "email"),
        ({"response_type": "token"}, "response_type", "token"),
        ({"response_mode": "fragment"}, "response_mode", "fragment"),
        ({"code_challenge_method": "plain"}, "pkce_method", "plain"),
        ({"prompt": "create"}, "prompt", "create"),
        ({"max_age": "-1"}, "max_age", "-1"),
    ],
)
def test_fc_02_what_is_refused_at_the_redirect_uri_is_recorded(stage: Stage, more: dict[str, str], reason: str, sent: str):
    """The application sees a word of the standard; its team finds the value."""
    assert stage.authorize(**more).status_code == 303
    row = newest(stage)
    assert (row["reason"], row["sent"], row["outcome"]) == (reason, sent, "failed")


def test_fc_02_refusals_of_the_token_endpoint_are_recorded(stage: Stage):
    """A wrong secret, a wrong method, an unknown code, another redirect_uri, no verifier: each leaves a line, none a secret."""
    stage.post("/token", {**CODE, "client_id": "payroll", "client_secret": "wrong-secret-0123456789"}, None)
    assert newest(stage)["reason"] == "client_secret"
    assert "wrong-secret" not in str(newest(stage))
    stage.clock.advance(1)
    stage.post("/token", {**CODE, "client_id": "payroll"}, None)
    row = newest(stage)
    assert (row["reason"], row["sent"], row["registered"]) == ("client_method", "no credential", ["client_secret"])
    stage.clock.advance(1)
    stage.post("/token", {**CODE, "client_id": "payroll", "client_secret": SECRETS["payroll"]}, None)
    assert (newest(stage)["reason"], newest(stage)["error"]) == ("code_unknown", "invalid_grant")
    stage.clock.advance(1)
    stage.post("/token", {**CODE, "client_id": "paycheck", "client_secret": SECRETS["payroll"]}, None)
    row = newest(stage, None, reason="client_unknown")
    assert (row["application"], row["sent"]) == (None, "paycheck")


def test_fc_02_a_code_with_another_redirect_uri_shows_both(stage: Stage):
    """RFC 6749 4.1.3: the redirect_uri of the authorization request, again."""
    _, code = stage.grant()
    stage.exchange(code, redirect_uri="https://other.example/")
    row = newest(stage)
    assert (row["reason"], row["sent"], row["registered"]) == ("code_proof", "https://other.example/", [CALLBACK["payroll"]])
    assert code not in str(row)


def test_fc_02_a_sign_out_to_an_unregistered_address_is_recorded(stage: Stage):
    """The person stays on our page as before; the team learns why."""
    wanted = {"client_id": "payroll", "post_logout_redirect_uri": "https://payroll.contoso.example/gone"}
    assert stage.get("/logout", wanted).status_code == 200
    assert newest(stage)["sent"] == "https://payroll.contoso.example/gone"


def test_fc_02_the_record_is_capped_and_on_one_line(stage: Stage):
    """HT-13: a hundred an hour and address; a value is cut and cannot break a line."""
    stage.authorize(redirect_uri="https://x.example/\n" + "y" * 1000)
    sent = newest(stage)["sent"]
    assert len(sent) <= SENT + 3
    assert "\n" not in sent
    for _ in range(refusals.PER_HOUR + 5):
        stage.post("/token", {**CODE, "client_id": "spa", "code": "y"}, None)
    with stage.broker.core.db.read() as tx:
        assert len(refusals.newest(tx, Search(), 1000)) == refusals.PER_HOUR


def test_fc_02_userinfo_is_not_recorded(stage: Stage):
    """A token that is over is no mistake of a set-up."""
    assert stage.userinfo("gone").status_code == 401
    with stage.broker.core.db.read() as tx:
        assert refusals.newest(tx, Search()) == []
