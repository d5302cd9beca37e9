"""Proof of the home organization: trusted by value and age, asked for once, our own factor second (HO-15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from broker.domain.assurance import COARSE
from tests.journeys.saml_world import WANDA, SamlWorld, saml_world
from tests.journeys.second_factor import MFA, SFA, by_mailbox, enrol, essential, with_phone
from tests.journeys.world import ADA, CLEO, World, partner_file

ALL_MFA = "name: x\nusers: {include: {guests: all}}\ngrant: {require: [mfa]}\n"
PAYROLL_MFA = ALL_MFA + "applications: {include: [payroll]}\n"
HOUR = 3600


def trust(world: World, mfa: str = f"[{MFA}, mfa]", age: str = "12h", *, step_up: bool = True) -> None:
    """Fabrikam's file with a trust in its multi-factor authentication."""
    text = partner_file("Fabrikam", "fabrikam.example", world.partners["fabrikam"].issuer)
    more = f"email: true, mfa: {mfa}, mfa_max_age: {age}, step_up: {str(step_up).lower()}"
    world.write("partners/fabrikam.yaml", text.replace("email: true", more))


def sent(world: World) -> list[dict[str, Any]]:
    """What the newest login asked of the partner, each time."""
    steps = world.broker.history.receipts.newest(limit=1)[0].steps
    return [dict(step) for step in steps if step["step"] == "upstream" and step["result"] == "sent"]


@pytest.fixture
def woodgrove(world: World) -> Iterator[SamlWorld]:
    """The world with a SAML partner that is trusted and asked."""
    with saml_world(world) as made:
        made.file(trust=f"email: true, mfa: [{MFA}], step_up: true")
        yield made


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


def with_phone_of_ours(world: World) -> Any:
    """Ada with an authenticator app, added while Fabrikam was not asked."""
    trust(world, step_up=False, mfa="[]")
    phone = with_phone(world, world.visitor(ADA))
    trust(world)
    return phone


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
