"""PO-03, HP-36: a policy that changed applies at the next use of a token, over the facts that were saved with the grant."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from broker.domain.assurance import MFA, SFA
from broker.domain.grant_status import policy_objection
from broker.domain.guest import PersonKind
from broker.domain.policy import PersonSelector, Policy, Rulebook
from tests import factories
from tests.protocol.stage import Signed, Stage, oauth_error
from tests.protocol.test_standing import standing

HOUR = 3600
GUESTS = "name: x\nusers: {include: {guests: all}}\n"
BLOCK = GUESTS + "grant: {block: true}\n"


def opens(stage: Stage, body: dict[str, Any]) -> bool:
    """Whether userinfo, introspection of both tokens and refresh all say yes; they all say no otherwise."""
    answers: set[bool] = {
        stage.userinfo(body["access_token"]).status_code == 200,
        stage.post("/introspect", {"token": body["access_token"]}).get_json()["active"],
        stage.post("/introspect", {"token": body["refresh_token"]}).get_json()["active"],
    }
    refreshed = stage.refresh(body["refresh_token"])
    answers.add(refreshed.status_code == 200)
    assert len(answers) == 1
    if refreshed.status_code != 200:
        assert oauth_error(refreshed) == (400, "invalid_grant")
        assert oauth_error(stage.userinfo(body["access_token"])) == (401, "invalid_token")
    return answers.pop()


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (BLOCK, False),
        (BLOCK + "state: report_only\n", True),
        (BLOCK + "applications: {include: [travel]}\n", True),
        (BLOCK + "applications: {include: [payroll]}\n", False),
        (BLOCK + "conditions: {networks: {include: [192.0.2.0/24]}}\n", False),
        (BLOCK + "conditions: {networks: {exclude: [192.0.2.0/24]}}\n", True),
        (BLOCK + "conditions: {partner_mfa: false}\n", False),
        (BLOCK + "conditions: {partner_mfa: true}\n", True),
        ("name: x\nusers: {include: {partners: [fabrikam]}}\ngrant: {block: true}\n", False),
        ("name: x\nusers: {include: {guests: [gerda@fabrikam.example]}}\ngrant: {block: true}\n", False),
        ("name: x\nusers: {include: {guests: [greta@fabrikam.example]}}\ngrant: {block: true}\n", True),
        ("name: x\nusers: {include: {members: true}}\ngrant: {block: true}\n", True),
        (GUESTS + "grant: {require: [mfa]}\n", False),
        (GUESTS + "grant: {require: [terms_of_use]}\n", False),
        (GUESTS + "grant: {}\nsession: {sign_in_frequency: 1h}\n", True),
    ],
)
def test_a_changed_policy_applies_at_once(stage: Stage, text: str, holds: bool):
    """PO-03, TK-07: userinfo, introspection and refresh judge by the files of now; loosened again, what is left goes on."""
    body = stage.tokens(stage.person(email="gerda@fabrikam.example"))
    stage.write("policies/p.yaml", text)
    assert opens(stage, body) is holds


def test_a_code_is_judged_too(stage: Stage):
    """HP-36, HP-60: a policy of the last minute stops the exchange."""
    _, code = stage.grant()
    stage.write("policies/p.yaml", BLOCK)
    assert oauth_error(stage.exchange(code)) == (400, "invalid_grant")


def test_proof_as_it_was_saved(both: Stage):
    """HP-36: an acr of then meets a requirement of now; a stronger one that is asked for later does not."""
    person = both.person()
    strong = both.sign_in(person.person, acr=MFA)
    body = both.tokens(strong)
    assert both.claims(body["id_token"])["acr"] == MFA != SFA
    both.write("policies/p.yaml", GUESTS + "grant: {require: [mfa]}\n")
    assert both.userinfo(body["access_token"]).status_code == 200
    both.write("policies/p.yaml", GUESTS + "grant: {require: [phishing_resistant_mfa]}\n")
    assert not opens(both, body)


def old(stage: Stage, **values: Any) -> Signed:
    """Somebody whose proof is two hours old."""
    return stage.sign_in(stage.person().person, auth_time=stage.clock() - 2 * HOUR, **values)


def test_a_proof_that_grew_old(stage: Stage):
    """PO-08: the frequency counts away from the browser as well, from auth_time, by the server's clock, to the second."""
    stage.write("policies/p.yaml", GUESTS + "grant: {}\nsession: {sign_in_frequency: 3h}\n")
    body = stage.tokens(old(stage))
    stage.clock.advance(HOUR - 1)
    answer = stage.refresh(body["refresh_token"])
    assert answer.status_code == 200
    body = answer.get_json()
    stage.clock.advance(1)
    assert not opens(stage, body)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("moment", ["2027-03-28T01:00:00", "2027-10-31T01:00:00", "2028-02-29T00:00:00", "2028-03-01T00:00:00"])
def test_clocks_that_change(monkeypatch: pytest.MonkeyPatch, zone: str, moment: str):
    """PO-08: hours are 3600 seconds of UTC, whatever zone the machine is in and whatever its clocks do that night."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        end = int(datetime.fromisoformat(f"{moment}+00:00").timestamp())
        holding = replace(standing(), grant=factories.grant("p", auth_time=end - 4 * HOUR, proof={"auth_time_known": True}))
        book = Rulebook.of([Policy(id="p", include=PersonSelector(all_guests=True), sign_in_frequency=4 * HOUR)])
        assert [policy_objection(holding, book, end - 1), policy_objection(holding, book, end)] == [None, "auth_time_too_old"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_proof_of_no_known_time(stage: Stage):
    """HP-17: where the partner did not say when, a frequency is never met."""
    body = stage.tokens(old(stage, auth_time_known=False))
    stage.write("policies/p.yaml", GUESTS + "grant: {}\nsession: {sign_in_frequency: 300d}\n")
    assert not opens(stage, body)


def test_members_are_judged_like_everybody(stage: Stage):
    """A policy of members does not ask whether they are staff."""
    body = stage.tokens(stage.person(kind=PersonKind.MEMBER, email="cleo@contoso.example"))
    stage.write("policies/p.yaml", "name: x\nusers: {include: {members: true}}\ngrant: {block: true}\n")
    assert not opens(stage, body)
