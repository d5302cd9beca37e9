"""The login as people live it: prompts, hints, languages, the choice of a home organization, consent."""

from __future__ import annotations

import json
import re

import pytest

from broker.demo.browser import Browser
from broker.demo.relying import RelyingParty
from broker.domain.gates import GATES
from tests.journeys.world import ADA, BO, CLEO, SECRET, World

# --- prompts and hints -------------------------------------------------------------------------------------------------


def test_prompt_none(world: World) -> None:
    """AZ-11, HP-47: never a page; the standard's exact errors, and a code where nothing is missing."""
    ada = world.visitor(ADA)
    page = world.arrive(ada, prompt="none")
    assert page.query["error"] == "login_required"
    assert page.query["iss"] == world.url
    world.redeem(ada)
    assert "code" in world.arrive(ada, prompt="none").query
    assert world.arrive(ada, world.travel, prompt="none").query["error"] == "consent_required"
    assert world.arrive(ada, prompt="none", max_age="0").query["error"] == "login_required"
    assert ada.seen == []


def test_prompt_none_for_the_uninvited(world: World) -> None:
    """AZ-24: with prompt=none a refusal goes to the application at once, without a code."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write(
        "applications/closed.yaml",
        f"name: Closed\nclient_secret: ${{env:SECRET}}\nredirect_uris: ['{world.callback}/callback']\nassignment_required: true\n",
    )
    closed = RelyingParty(
        world.url, "closed", f"{world.callback}/callback", client_secret=SECRET, scope="openid", clock=world.clock
    )
    assert world.arrive(ada, closed, prompt="none").query["error"] == "access_denied"
    page = world.arrive(ada, closed)
    assert (page.status, page.error) == (403, "not_assigned")
    page = ada.browser.submit(page, press="Back to the application", stop_at=world.callback)
    assert page.query["error"] == "access_denied"
    invited = world.invite(application="closed", redirect_url=f"{world.callback}/home")
    world.redeem(ada, invited)
    assert world.sign_in(ada, closed).claims["sub"]


def test_prompt_login_asks_anew(world: World) -> None:
    """AZ-13, HP-17: the partner asks again and auth_time is newer than the request."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    first = world.sign_in(ada)
    world.clock.advance(100)
    tokens = world.sign_in(ada, prompt="login")
    assert ada.seen == ["partner-login"]
    assert tokens.claims["auth_time"] >= first.claims["auth_time"] + 100
    assert tokens.claims["sid"] == first.claims["sid"]


def test_max_age(world: World) -> None:
    """AZ-13: an older sign-in is renewed; max_age=0 always."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.clock.advance(50)
    world.sign_in(ada, max_age="60")
    assert ada.seen == []
    world.clock.advance(50)
    assert world.sign_in(ada, max_age="60").claims["auth_time"] >= world.clock.now
    assert ada.seen == ["partner-login"]
    world.clock.advance(1)
    world.sign_in(ada, max_age="0")
    assert ada.seen == ["partner-login"]


def test_partner_without_auth_time(world: World) -> None:
    """HP-17, AZ-13: no auth_time back is not fresh: asked once, then login_required, and the receipt names it."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.partners["fabrikam"].fault = "no_auth_time"
    world.clock.advance(5)
    page = world.arrive(ada, max_age="0")
    assert page.query["error"] == "login_required"
    assert ada.seen.count("partner-login") == 1
    assert world.broker.history.receipts.newest(limit=1)[0].reason == "auth_time_missing"


def test_select_account(world: World) -> None:
    """HP-16: the choice is offered; going on as signed in needs no partner, another account does."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    ada.halt_at = ("home-organization",)
    page = world.arrive(ada, prompt="select_account")
    assert ADA.email in page.text
    page = ada.browser.submit(page, press=f"Continue as {ADA.email}", stop_at=world.callback)
    assert "code" in page.query
    page = world.arrive(ada, prompt="select_account")
    page = ada.browser.proceed(page, {"email": BO.email})
    assert page.name == "partner-login"


def test_what_was_asked_reaches_the_partner(world: World) -> None:
    """login_hint, max_age, prompt, acr_values and ui_locales are passed on (HO-11, HP-17, features 18)."""
    mfa = "https://refeds.org/profile/mfa"
    asked = {"login_hint": ADA.email, "max_age": "60", "acr_values": mfa, "ui_locales": "nl en"}
    sent = world.visitor(ADA).open(world.request(**asked)[0], stop_at=world.partners["fabrikam"].issuer).query
    assert {name: sent[name] for name in asked} == asked
    sent = (
        world.visitor(ADA)
        .open(world.request(login_hint=ADA.email, prompt="login")[0], stop_at=world.partners["fabrikam"].issuer)
        .query
    )
    assert (sent["prompt"], sent["max_age"]) == ("login", "0")


def test_essential_acr_that_nobody_reaches(world: World) -> None:
    """HP-62, Core 5.5.1.1: a voluntary acr is answered honestly; an essential one leads to a second factor, or to the error."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    mfa = "https://refeds.org/profile/mfa"
    assert world.sign_in(ada, acr_values=mfa).claims["acr"] == "https://refeds.org/profile/sfa"
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": [mfa]}}})
    page = world.arrive(ada, claims=claims)
    assert page.name == "mfa-enroll"
    page = ada.browser.submit(page, press="I can't do this now", stop_at=world.callback)
    assert page.query["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("hint", [{"login_hint": ADA.email}, {"domain_hint": "fabrikam.example"}, {"domain_hint": "fabrikam"}])
def test_hints_skip_the_question(world: World, hint: dict[str, str]) -> None:
    """login_hint and domain_hint find the home organization (features 34)."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    assert world.arrive(ada, **hint).location is not None
    assert ada.seen == ["partner-login"]


def test_language(world: World) -> None:
    """ui_locales, Accept-Language and the language of an invitation are honoured."""
    page = Browser(clock=world.clock).get(world.request(ui_locales="nl")[0])
    assert 'lang="nl"' in page.text
    page = Browser(languages="de-AT,de;q=0.8", clock=world.clock).get(world.request()[0])
    assert 'lang="de"' in page.text
    page = Browser(languages="xx", clock=world.clock).get(world.invite(language="fr").redeem_url)
    assert 'lang="fr"' in page.text


# --- home realm discovery ---------------------------------------------------------------------------------------------


def test_known_and_unknown_addresses_are_answered_alike(world: World) -> None:
    """LP-04: a guest, a stranger of the same domain, and strangers elsewhere: the domain decides, nothing else."""
    world.redeem(world.visitor(ADA))
    ends = {}
    for email in (ADA.email, "nobody@fabrikam.example", "guest@gmail.example", "other@gmail.example"):
        browser = Browser(clock=world.clock)
        page = browser.submit(browser.get(world.request()[0]), {"email": email}, press="Continue")
        ends[email] = (page.name, page.status, re.sub(r"[0-9a-f-]{36}|[\w-]{43}", "", page.url.partition("?")[0]))
    assert ends[ADA.email] == ends["nobody@fabrikam.example"]
    assert ends["guest@gmail.example"] == ends["other@gmail.example"]
    assert ends["guest@gmail.example"][0] == "email-code"


def test_bad_address_keeps_what_was_typed(world: World) -> None:
    """Pages: the error stands at the field, nothing typed is lost."""
    browser = Browser(clock=world.clock)
    page = browser.submit(browser.get(world.request()[0]), {"email": "ada@"}, press="Continue")
    assert (page.status, page.name) == (400, "home-organization")
    assert 'value="ada@"' in page.text
    assert "aria-invalid" in page.text


def test_choose_and_remember(world: World) -> None:
    """The list is searched by the server; the organization used last comes first and is offered on the next visit."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    page = ada.browser.get(world.request()[0])
    page = ada.browser.follow(page, "Use another organization")
    assert page.name == "choose-partner"
    assert "Northwind" in page.text
    page = ada.browser.get(page.url.partition("?")[0] + "?q=fabri")
    assert "Northwind" not in page.text
    page = ada.browser.submit(page, press="Fabrikam", stop_at=world.callback)
    assert page.name == "partner-login"
    ada.walk(page, stop_at=world.callback)
    ada.browser.submit(ada.browser.get(world.url + "/apps"), press="Sign out")
    page = ada.browser.get(world.request()[0])
    assert "Last time you signed in at Fabrikam" in page.text
    page = ada.browser.submit(page, press="Continue to Fabrikam", stop_at=world.callback)
    assert page.location is not None or page.name == "partner-login"


def test_nobody_matches(world: World) -> None:
    """A search without a hit says so and offers the address."""
    browser = Browser(clock=world.clock)
    page = browser.follow(browser.get(world.request()[0]), "Use another organization")
    page = browser.get(page.url + "?q=%3Cscript%3E")
    assert page.name == "choose-partner"
    assert "<script>" not in page.text


def test_consent_for_more(world: World) -> None:
    """AZ-16, HP-61: a larger scope asks again; members are never asked, but by prompt=consent."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.sign_in(ada, world.travel)
    world.write(
        "applications/travel.yaml",
        f"name: Travel\nredirect_uris: ['{world.callback}/callback']\nscopes: [openid, profile, email, groups]\n",
    )
    assert world.arrive(ada, world.travel, scope="openid groups", prompt="none").query["error"] == "consent_required"
    assert "code" in world.arrive(ada, world.travel, scope="openid groups").query
    assert ada.seen == ["review-permissions"]
    assert "code" in world.arrive(ada, world.travel, scope="openid groups", prompt="none").query
    cleo = world.visitor(CLEO)
    world.sign_in(cleo)
    world.sign_in(cleo, prompt="consent")
    assert cleo.seen == ["review-permissions"]


def test_consent_of_another_login(world: World) -> None:
    """AZ-15: the form of one login does not consent for another; nor does a login that asks for none."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    ada.halt_at = ("review-permissions", "home-organization")
    consent = world.arrive(ada, world.travel)
    other = ada.browser.get(world.request(prompt="select_account")[0])
    fields = dict(consent.primary.data(None, {}))
    target = other.url.rstrip("/") + "/consent"
    page = ada.browser.post(target, fields, opener=consent)
    assert (page.status, page.error) == (403, "bad_request")
    own = dict(other.primary.data(None, {}))
    page = ada.browser.post(target, {"csrf": own["csrf"], "accept": "yes"}, opener=other)
    assert (page.status, page.error) == (403, "bad_request")


def test_receipt_tells_the_whole_story(world: World) -> None:
    """A receipt names steps, what arrived (names only), each gate and what the application was given."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.clock.advance(5)
    world.sign_in(world.visitor(ADA))
    receipt = world.broker.history.receipts.newest(limit=1)[0]
    assert receipt.outcome == "allowed"
    steps = {step["step"]: step for step in receipt.steps}
    assert list(steps) == ["started", "home", "upstream", "issued"]
    assert "email" in steps["upstream"]["arrived"]
    assert [gate["result"] for gate in steps["issued"]["gates"]] == ["passed"] * len(GATES)
    assert "email" in steps["issued"]["claims"]
    assert ADA.name not in json.dumps(receipt.steps) + json.dumps(receipt.facts)
    assert ADA.email not in json.dumps(receipt.steps) + json.dumps(receipt.facts)
