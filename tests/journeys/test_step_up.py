"""Proof of the home organization: trusted by value and age, asked for once, our own factor second (HO-15)."""

from __future__ import annotations

import pytest

from broker.domain.assurance import COARSE
from tests.journeys.saml_world import WANDA, SamlWorld
from tests.journeys.second_factor import MFA, SFA, by_mailbox, enrol, essential, with_phone
from tests.journeys.step_up import ALL_MFA, PAYROLL_MFA, sent, trust, with_phone_of_ours
from tests.journeys.world import ADA, CLEO, World

HOUR = 3600


def test_the_partner_is_asked_first(both: World) -> None:
    """HO-15, features 21: a live session lacks proof; the partner gives it, and no factor of ours is asked for."""
    trust(both)
    payroll = (both.home / "config/applications/payroll.yaml").read_text("utf-8")
    both.write("applications/payroll.yaml", payroll + "id_token_claims: [proofs]\n")
    ada = both.visitor(ADA)
    both.redeem(ada)
    assert both.sign_in(ada).claims["acr"] == SFA
    both.write("policies/mfa.yaml", PAYROLL_MFA)
    both.clock.advance(1)
    claims = both.sign_in(ada).claims
    assert ada.seen == ["partner-login"]
    assert (claims["acr"], claims["amr"]) == (MFA, ["pwd", "otp", "mfa"])
    assert claims["proofs"] == [{"by": "fabrikam", "acr": MFA, "amr": ["pwd", "otp"], "at": both.clock() // COARSE * COARSE}]
    (asked,) = sent(both)
    assert (asked["acr_values"], asked["max_age"]) == ([MFA], 12 * HOUR - 60)
    receipt = both.broker.history.receipts.newest(limit=1)[0]
    assert [(proof["method"], proof["by"]) for proof in receipt.facts["proofs"]] == [("partner", "fabrikam")]
    assert receipt.facts["partner_mfa"] is True
    assert both.sign_in(ada).claims["acr"] == MFA
    assert ada.seen == []
    assert both.sign_in(ada, both.travel).claims["acr"] == MFA  # what is true is said, asked for or not


def test_asked_in_the_first_request(world: World) -> None:
    """An application's acr goes to the partner in its own words at once, so nobody signs in twice."""
    trust(world)
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    world.clock.advance(1)
    assert world.sign_in(ada, login_hint=ADA.email, **essential()).claims["acr"] == MFA
    assert ada.seen == ["partner-login"]
    assert [step["acr_values"] for step in sent(world)] == [[MFA]]


def test_a_partner_that_gives_no_more(world: World) -> None:
    """HO-15, MF-04: asked once, a weaker answer counts as none, our own factor is next; never a third round."""
    trust(world)
    world.partners["fabrikam"].second_factor = False
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/mfa.yaml", ALL_MFA)
    url, pending = world.request()
    page = by_mailbox(world, ada, ada.open(url, stop_at=world.callback))
    assert page.name == "mfa-enroll"
    world.clock.advance(1)
    _phone, page = enrol(world, ada, page)
    assert world.party.complete(page.query, pending).claims["acr"] == MFA
    assert len(sent(world)) == 1


@pytest.mark.parametrize("fault", ["error", "no_id_token", "down"])
def test_a_partner_that_refuses_more(world: World, fault: str) -> None:
    """HO-15: what it said before stays good; the person goes on with our own factor, without an error page."""
    trust(world)
    phone = with_phone_of_ours(world)
    ada = world.visitor(ADA)
    world.sign_in(ada)
    world.write("policies/mfa.yaml", PAYROLL_MFA)
    world.partners["fabrikam"].fault = fault
    world.clock.advance(1)
    page = world.arrive(ada)
    assert page.name == "mfa-challenge", page
    page = ada.browser.submit(page, {"code": phone.code()}, stop_at=world.callback)
    assert "code" in page.query
    steps = world.broker.history.receipts.newest(limit=1)[0].steps
    assert "no more proof" in [step["result"] for step in steps]


@pytest.mark.parametrize("mfa", ["[]", "[urn:other, mfa2]", "['https://refeds.org/profile/mf']"])
def test_mfa_that_nobody_trusts(world: World, mfa: str) -> None:
    """MF-03: the partner says acr and amr of multi-factor authentication; its file does not list them; ours is asked."""
    world.redeem(world.visitor(ADA))
    trust(world, mfa=mfa, step_up=False)
    ada = world.visitor(ADA)
    page = world.arrive(ada, login_hint=ADA.email, **essential())
    assert page.name == ("mfa-enroll" if mfa == "[]" else "email-code")  # FA-05: something of it is trusted
    voluntary = world.sign_in(world.visitor(ADA), login_hint=ADA.email, acr_values=MFA).claims
    assert voluntary["acr"] == SFA
    assert "mfa" not in voluntary["amr"]


@pytest.mark.parametrize("mfa", [f"[{MFA}]", "[mfa]"])
def test_acr_or_amr_is_enough(world: World, mfa: str) -> None:
    """HO-15: a value of either; without step_up the partner is not asked by us, but what it says counts."""
    world.redeem(world.visitor(ADA))
    trust(world, mfa=mfa, step_up=False)
    ada = world.visitor(ADA)
    assert world.sign_in(ada, login_hint=ADA.email, acr_values=MFA).claims["acr"] == MFA


def test_proof_grows_old(world: World) -> None:
    """HO-15, HT-12: younger than mfa_max_age, over at its instant; then the partner is asked for one not older."""
    trust(world, age="30m")
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/mfa.yaml", ALL_MFA)
    world.clock.advance(1)
    first = world.sign_in(ada).claims
    assert first["acr"] == MFA
    world.clock.now = first["auth_time"] + 30 * 60 - 1
    assert world.sign_in(ada).claims["auth_time"] == first["auth_time"]
    world.clock.advance(2)
    again = world.sign_in(ada).claims
    assert ada.seen == ["partner-login"]
    assert again["auth_time"] > first["auth_time"]
    assert sent(world)[0]["max_age"] == 1740


def test_a_partner_that_does_not_say_when(world: World) -> None:
    """HO-15: without auth_time nobody knows the proof's age; it does not count."""
    world.redeem(world.visitor(ADA))
    trust(world)
    world.partners["fabrikam"].fault = "no_auth_time"
    ada = world.visitor(ADA)
    page = world.arrive(ada, login_hint=ADA.email, **essential())
    assert by_mailbox(world, ada, page).name == "mfa-enroll"


def test_trust_taken_back(world: World) -> None:
    """HO-15: the file as it is now decides, also of a session that began under another."""
    trust(world)
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/mfa.yaml", ALL_MFA)
    assert world.sign_in(ada).claims["acr"] == MFA
    trust(world, mfa="[]", step_up=False)
    assert by_mailbox(world, ada, world.arrive(ada)).name == "mfa-enroll"


def test_prompt_none_asks_nobody(world: World) -> None:
    """MF-05: silence never goes to the partner for more."""
    trust(world)
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.sign_in(ada)
    world.write("policies/mfa.yaml", PAYROLL_MFA)
    assert world.arrive(ada, prompt="none").query["error"] == "interaction_required"


def test_one_guest_one_application_all(world: World) -> None:
    """Features 88 to 90: the whole tenant, one application, one guest."""
    ada, cleo = world.visitor(ADA), world.visitor(CLEO)
    world.redeem(ada)
    world.sign_in(ada, world.travel)
    world.write("policies/mfa.yaml", ALL_MFA.replace("guests: all", f"guests: [{ADA.email}]"))
    assert world.arrive(ada).name == "mfa-enroll"
    assert world.arrive(ada, world.travel).name == "mfa-enroll"
    assert "code" in world.arrive(cleo).query
    world.write("policies/mfa.yaml", PAYROLL_MFA)
    assert world.arrive(ada).name == "mfa-enroll"
    assert "code" in world.arrive(ada, world.travel).query
    world.write("policies/mfa.yaml", ALL_MFA)
    assert world.arrive(ada, world.travel).name == "mfa-enroll"


def test_prompt_login_asks_for_the_factor_again(world: World) -> None:
    """Core 3.1.2.1: a fresh sign-in is one of all that was proven; within max_age the older proof counts."""
    phone = with_phone(world, world.visitor(ADA))
    ada = world.visitor(ADA)
    page = world.arrive(ada, login_hint=ADA.email, **essential())
    ada.browser.submit(page, {"code": phone.code()}, stop_at=world.callback)
    world.clock.advance(600)
    assert world.arrive(ada, prompt="login", **essential()).name == "mfa-challenge"
    assert world.sign_in(ada, **essential()).claims["acr"] == MFA
    assert world.sign_in(ada, max_age="601", **essential()).claims["acr"] == MFA
    assert world.sign_in(ada, prompt="login").claims["acr"] == SFA  # what was not proven anew is not said


def test_frequency_asks_again(world: World) -> None:
    """Policy's sign_in_frequency is the age of every proof: the partner's sign-in and our own factor."""
    phone = with_phone(world, world.visitor(ADA))
    world.write("policies/mfa.yaml", ALL_MFA + "session: {sign_in_frequency: 20m}\n")
    ada = world.visitor(ADA)
    page = world.arrive(ada, login_hint=ADA.email)
    ada.browser.submit(page, {"code": phone.code()}, stop_at=world.callback)
    world.clock.advance(15 * 60)
    assert "code" in world.arrive(ada).query
    world.clock.advance(6 * 60)
    page = world.arrive(ada)
    assert ada.seen == ["partner-login", "mfa-challenge"]
    assert "code" in ada.browser.submit(page, {"code": phone.code()}, stop_at=world.callback).query


def test_saml_partner_is_asked_by_context(woodgrove: SamlWorld) -> None:
    """HS-30, HO-15: RequestedAuthnContext and ForceAuthn; AuthnContextClassRef and AuthnInstant are the proof."""
    world, wanda = woodgrove.world, woodgrove.visitor()
    woodgrove.redeem(wanda)
    assert world.sign_in(wanda).claims["acr"] == SFA
    world.write("policies/mfa.yaml", ALL_MFA)
    world.clock.advance(5)
    claims = world.sign_in(wanda).claims
    assert claims["acr"] == MFA
    assert "mfa" in claims["amr"]
    request = woodgrove.idp.seen[-1]
    assert (request.contexts, request.force) == ((MFA,), True)


def test_saml_partner_that_refuses_more(woodgrove: SamlWorld) -> None:
    """HO-15: NoAuthnContext is an answer, not the end: our own factor is next, what was said before stays good."""
    world, wanda = woodgrove.world, woodgrove.visitor()
    woodgrove.redeem(wanda)
    woodgrove.idp.second_factor = False
    world.write("policies/mfa.yaml", ALL_MFA)
    page = by_mailbox(world, wanda, world.arrive(wanda), WANDA.email)
    assert page.name == "mfa-enroll", page
    _phone, page = enrol(world, wanda, page)
    assert "code" in page.query


def test_saml_without_step_up_hears_of_no_acr(woodgrove: SamlWorld) -> None:
    """A context that a partner must meet exactly is asked for only where its file says so."""
    woodgrove.redeem(woodgrove.visitor())
    woodgrove.file(trust="email: true")
    page = woodgrove.world.arrive(woodgrove.visitor(), login_hint=WANDA.email, **essential())
    assert page.name == "mfa-enroll"
    assert woodgrove.idp.seen[-1].contexts == ()
