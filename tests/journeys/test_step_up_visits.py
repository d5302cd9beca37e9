"""One visit to a partner for all that is missing, and terms of use at the same time."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.journeys.saml_world import WANDA, SamlWorld
from tests.journeys.second_factor import MFA, SFA, by_mailbox, enrol, essential
from tests.journeys.step_up import ALL_MFA, PAYROLL_MFA, sent, trust, with_phone_of_ours
from tests.journeys.world import ADA, CLEO, World


@pytest.mark.parametrize("because", ["max_age", "prompt", "frequency"])
def test_one_visit_where_both_are_wanted(both: World, because: str) -> None:
    """HO-15, HP-17: a sign-in that is too old and too weak sends the person home once, not first for one and then for the other."""
    trust(both)
    ada = both.visitor(ADA)
    both.redeem(ada)
    often = "session: {sign_in_frequency: 10m}\n" if because == "frequency" else ""
    both.write("policies/mfa.yaml", ALL_MFA + often)
    both.clock.advance(1)
    before = both.sign_in(ada).claims["auth_time"]
    both.clock.advance(601)
    claims = both.sign_in(ada, **{"max_age": {"max_age": "600"}, "prompt": {"prompt": "login"}}.get(because, {})).claims
    assert ada.seen == ["partner-login"]
    assert claims["acr"] == MFA
    assert claims["auth_time"] == before + 601
    (asked,) = sent(both)
    assert asked["acr_values"] == [MFA]


def test_no_more_than_is_missing(world: World) -> None:
    """A proof with a factor of ours that still counts: the partner is asked for a fresh sign-in, not for a second factor."""
    phone = with_phone_of_ours(world)
    world.write("policies/mfa.yaml", PAYROLL_MFA)
    world.partners["fabrikam"].second_factor = False
    ada = world.visitor(ADA)
    world.sign_in(ada, world.travel, login_hint=ADA.email)
    world.clock.advance(500)
    page = world.arrive(ada)
    assert page.name == "mfa-challenge"
    ada.browser.submit(page, {"code": phone.code()}, stop_at=world.callback)
    world.partners["fabrikam"].second_factor = True
    world.clock.advance(200)
    claims = world.sign_in(ada, max_age="600").claims
    assert (claims["acr"], claims["amr"], ada.seen) == (MFA, ["pwd", "otp", "mfa"], ["partner-login"])
    assert [asked.get("acr_values") for asked in sent(world)] == [None]


def test_one_visit_over_saml(woodgrove: SamlWorld) -> None:
    """HS-30, HO-15: ForceAuthn with the context in it; a partner that knows no such context is asked once more, without."""
    world, wanda = woodgrove.world, woodgrove.visitor()
    woodgrove.redeem(wanda)
    world.write("policies/mfa.yaml", ALL_MFA)
    world.clock.advance(5)
    world.sign_in(wanda)
    world.clock.advance(601)
    count = len(woodgrove.idp.seen)
    assert world.sign_in(wanda, max_age="600").claims["acr"] == MFA
    assert [(request.contexts, request.force) for request in woodgrove.idp.seen[count:]] == [((MFA,), True)]
    woodgrove.idp.second_factor = False
    world.clock.advance(601)
    count = len(woodgrove.idp.seen)
    assert world.arrive(wanda, max_age="600").name == "email-code"
    assert [request.contexts for request in woodgrove.idp.seen[count:]] == [(MFA,), ()]


def test_saml_refusal_before_anybody_is_known(woodgrove: SamlWorld) -> None:
    """HO-15: NoAuthnContext in a new browser is no error page: the partner signs in as it can, our own factor is next."""
    world = woodgrove.world
    woodgrove.redeem(woodgrove.visitor())
    woodgrove.idp.second_factor = False
    wanda, count = woodgrove.visitor(), len(woodgrove.idp.seen)
    page = world.arrive(wanda, login_hint=WANDA.email, **essential())
    assert by_mailbox(world, wanda, page, WANDA.email).name == "mfa-enroll"
    assert [request.contexts for request in woodgrove.idp.seen[count:]] == [(MFA,), ()]
    assert "error" not in wanda.seen


@pytest.mark.parametrize(("error", "ends"), [("unmet_authentication_requirements", "email-code"), ("access_denied", "error")])
def test_oidc_refusal_before_anybody_is_known(world: World, error: str, ends: str) -> None:
    """HO-15: the standard's word leads on at once; any other refusal is shown, and its way back asks for a plain sign-in."""
    trust(world)
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    world.clock.advance(1)
    url, _ = world.request(login_hint=ADA.email, **essential())
    asked = ada.open(url, stop_at=world.partners["fabrikam"].issuer)
    back = {"state": asked.query["state"], "iss": world.partners["fabrikam"].issuer, "error": error}
    page = ada.open(f"{world.url}/oidc/fabrikam/callback?{urlencode(back)}", stop_at=world.callback)
    assert page.name == ends, page
    if ends == "error":
        assert page.error == "partner_failed"
        page = ada.again(page, stop_at=world.callback)
    page = by_mailbox(world, ada, page)
    assert page.name == "mfa-enroll"
    enrol(world, ada, page)
    assert [step.get("acr_values") for step in sent(world)] == [[MFA], None]


def test_terms_of_use(both: World) -> None:
    """Features 68, AD-09: shown before consent, in the guest's language, accepted once a version, recorded; markup stays text."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    both.sign_in(ada)
    (both.home / "config" / "terms.md").write_text("# House rules\n\nBe *kind*.\n\n- <script>alert(1)</script>\n- two\n", "utf-8")
    (both.home / "config" / "terms.nl.md").write_text("# Huisregels\n\nWees aardig.\n", "utf-8")
    broker = (both.home / "config" / "broker.yaml").read_text("utf-8")
    both.write("broker.yaml", broker + "terms_of_use: {version: 2026-01, file: config/terms.md}\n")
    ada.halt_at = ("terms-of-use",)
    page = both.arrive(ada)
    assert page.name == "terms-of-use"
    assert "House rules" in page.text
    assert "<script>alert" not in page.text
    assert "2026-01" in page.text
    dutch = both.visitor(ADA, languages="nl")
    dutch.halt_at = ("terms-of-use",)
    assert "Huisregels" in both.arrive(dutch, login_hint=ADA.email).text
    assert both.arrive(ada, prompt="none").query["error"] == "interaction_required"
    refused = ada.browser.submit(page, press="Decline", stop_at=both.callback)
    assert refused.query["error"] == "access_denied"
    assert ada.browser.get(page.link("Download")).headers["content-disposition"].startswith("attachment")
    page = both.arrive(ada)
    assert "code" in ada.browser.submit(page, {"accept": "yes"}, stop_at=both.callback).query
    assert "code" in both.arrive(ada, both.travel).query or ada.seen[-1] != "terms-of-use"
    assert "code" in both.arrive(both.visitor(CLEO), login_hint=CLEO.email).query  # members are asked by policy only
    both.write("broker.yaml", broker + "terms_of_use: {version: 2026-02, file: config/terms.md}\n")
    page = both.arrive(ada)
    assert page.name == "terms-of-use"
    assert "You accepted an earlier version" in page.text
    stale = {"accept": "yes", "version": "2026-01"}
    assert ada.browser.submit(page, stale, stop_at=both.callback).name == "terms-of-use"
    ada.halt_at = ()
    both.clock.advance(1)
    assert "code" in both.arrive(ada).query
    kept = both.broker.login.terms.accepted(both.person(ADA.email).id)
    assert sorted(one.version for one in kept) == ["2026-01", "2026-02"]


def test_terms_by_policy_for_members(world: World) -> None:
    """Features 68: a policy may ask members, too."""
    (world.home / "config" / "terms.md").write_text("Rules.", "utf-8")
    broker = (world.home / "config" / "broker.yaml").read_text("utf-8")
    world.write("broker.yaml", broker + "terms_of_use: {version: v1, file: config/terms.md}\n")
    world.write("policies/terms.yaml", "name: x\nusers: {include: {members: true}}\ngrant: {require: [terms_of_use]}\n")
    cleo = world.visitor(CLEO)
    assert "code" in world.arrive(cleo, login_hint=CLEO.email).query
    assert "terms-of-use" in cleo.seen
    assert world.sign_in(cleo, max_age="3600").claims["acr"] == SFA
    assert "terms-of-use" not in cleo.seen
