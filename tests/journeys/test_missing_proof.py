"""As much proof as is missing, and no more: whom an application's acr sends where, and how a person goes on without."""

from __future__ import annotations

import json

import pytest

from tests.journeys.second_factor import MFA, SFA, essential, with_phone
from tests.journeys.step_up import PAYROLL_MFA, sent, trust
from tests.journeys.test_passkey_attacks import show, with_passkey
from tests.journeys.world import ADA, World

WITHOUT = "Continue without it"


@pytest.mark.parametrize("insists", [True, False])
@pytest.mark.parametrize("step_up", [True, False])
def test_a_partner_is_not_asked_for_what_it_cannot_give(world: World, insists: bool, step_up: bool) -> None:
    """HO-15: its word never counts as phishing-resistant, so a request for that sends nobody through a factor there."""
    passkey = with_passkey(world)
    trust(world, step_up=step_up)
    ada = world.visitor(ADA)
    world.clock.advance(30)
    url, pending = world.request(login_hint=ADA.email, **(essential("phr") if insists else {"acr_values": "phr"}))
    page = ada.open(url, stop_at=world.callback)
    assert page.name == "mfa-challenge"
    page = show(world, passkey.get(page), ada, page)
    assert world.party.complete(page.query, pending).claims["acr"] == "phr"
    assert [step.get("acr_values") for step in sent(world)] == [None]


def test_one_proof_for_policy_and_application(world: World) -> None:
    """A policy insists on mfa, the application would like phr: the passkey gives both, and the partner is left alone."""
    passkey = with_passkey(world)
    trust(world)
    world.write("policies/mfa.yaml", PAYROLL_MFA)
    ada = world.visitor(ADA)
    world.clock.advance(30)
    url, pending = world.request(login_hint=ADA.email, acr_values="phr")
    page = ada.open(url, stop_at=world.callback)
    assert page.name == "mfa-challenge"
    page = show(world, passkey.get(page), ada, page)
    assert world.party.complete(page.query, pending).claims["acr"] == "phr"
    assert len(sent(world)) == 1
    ada = world.visitor(ADA)
    world.clock.advance(30)
    url, pending = world.request(login_hint=ADA.email, acr_values="phr")
    page = ada.browser.submit(ada.open(url, stop_at=world.callback), press=WITHOUT, stop_at=world.callback)
    page = ada.walk(page, stop_at=world.callback)  # the passkey is at home: the partner can do what must be
    assert world.party.complete(page.query, pending).claims["acr"] == MFA
    assert [step.get("acr_values") for step in sent(world)] == [None, [MFA]]


@pytest.mark.parametrize("params", [{"acr_values": MFA}, {"claims": json.dumps({"id_token": {"acr": {"value": MFA}}})}])
def test_on_without_what_an_application_would_like(both: World, params: dict[str, str]) -> None:
    """Core 3.1.2.1, 5.5.1.1: a voluntary acr keeps nobody out whose phone is at home; the token and the receipt say the truth."""
    with_phone(both, both.visitor(ADA))
    ada = both.visitor(ADA)
    both.clock.advance(30)
    url, pending = both.request(login_hint=ADA.email, **params)
    page = ada.open(url, stop_at=both.callback)
    assert page.name == "mfa-challenge"
    assert "Payroll" in page.text
    page = ada.browser.submit(page, press=WITHOUT, stop_at=both.callback)
    claims = both.party.complete(page.query, pending).claims
    assert (claims["acr"], "mfa" in claims["amr"]) == (SFA, False)
    receipt = both.broker.history.receipts.newest(limit=1)[0]
    assert ("challenge", "skipped") in [(step["step"], step["result"]) for step in receipt.steps]
    assert both.arrive(ada, **params).name == "mfa-challenge"  # the next request asks again


def test_nobody_goes_on_without_what_is_insisted_on(world: World) -> None:
    """MF-05: no button where policy or application insist, and a form made by hand skips nothing."""
    with_phone(world, world.visitor(ADA))
    for params in (essential(), {"acr_values": MFA}):
        if "acr_values" in params:
            world.write("policies/mfa.yaml", PAYROLL_MFA)
        ada = world.visitor(ADA)
        world.clock.advance(30)
        page = world.arrive(ada, login_hint=ADA.email, **params)
        assert page.name == "mfa-challenge"
        assert WITHOUT not in page.text
        form = page.primary
        forged = ada.browser.post(f"{page.url}/skip", form.data(None, {}), opener=page, stop_at=world.callback)
        assert forged.name == "mfa-challenge", forged


def test_the_standards_error_from_the_challenge(world: World) -> None:
    """Core 5.5.1.1: who has a method but cannot use it now goes back with the error of the essential acr."""
    with_phone(world, world.visitor(ADA))
    ada = world.visitor(ADA)
    world.clock.advance(30)
    page = world.arrive(ada, login_hint=ADA.email, **essential())
    page = ada.browser.submit(page, press="Back to the application", stop_at=world.callback)
    assert page.query["error"] == "unmet_authentication_requirements"
    world.write("policies/mfa.yaml", PAYROLL_MFA)
    page = ada.browser.submit(world.arrive(ada, login_hint=ADA.email), press="Back to the application", stop_at=world.callback)
    assert page.query["error"] == "access_denied"
