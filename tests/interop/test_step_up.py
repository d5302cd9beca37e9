"""More proof at the partner: npm oidc-provider and SimpleSAMLphp are asked once and believed by their word; our factor is second (HO-15)."""

from __future__ import annotations

import time

import pytest

from broker.demo.person import DemoPerson
from tests.interop.step_up_stage import CALLBACK, ESSENTIAL, HALF_DAY, MFA, Oidc, Saml, Stage, ada, sam, sent, stage

__all__ = ["ada", "sam", "stage"]  # the fixtures


def test_oidc_partner_is_asked_once_and_believed(stage: Stage, ada: DemoPerson) -> None:
    """HO-15: acr_values and max_age in a live session; acr, amr and auth_time of the answer are what the application learns."""
    before, began = stage.claims(ada, stage.free), int(time.time())
    claims = stage.claims(ada, stage.payroll)
    assert ada.seen == ["review-permissions", "peer-second"]
    assert (claims["acr"], claims["amr"], claims["idp"]) == (MFA, ["pwd", "otp", "mfa"], "oidc")
    assert claims["auth_time"] >= max(began, before["auth_time"])
    (asked,) = stage.asked["oidc"]()
    assert (asked["acr_values"], int(asked["max_age"])) == (MFA, HALF_DAY - 60)
    receipt = stage.receipt()
    assert [(proof["method"], proof["by"], proof["acr"]) for proof in receipt["facts"]["proofs"]] == [("partner", "oidc", MFA)]
    assert len(sent(receipt)) == 1
    again = stage.claims(ada, stage.payroll)
    assert (again["acr"], again["auth_time"], ada.seen) == (MFA, claims["auth_time"], [])
    assert stage.asked["oidc"]() == []


def test_oidc_max_age(stage: Stage, ada: DemoPerson) -> None:
    """Core 3.1.2.1: too old for the application, the partner is asked anew, with the policy's demand in the same request."""
    before = stage.claims(ada, stage.payroll)["auth_time"]
    time.sleep(2.1)
    stage.asked["oidc"]()
    claims = stage.claims(ada, stage.payroll, max_age="1")
    assert claims["acr"] == MFA
    assert claims["auth_time"] > before
    (asked,) = stage.asked["oidc"]()
    assert int(asked["max_age"]) <= 1
    assert asked["acr_values"] == MFA
    assert ada.seen == ["peer-second"]


def test_oidc_in_the_first_request(stage: Stage) -> None:
    """An essential acr of the application goes out with the first request; a new browser is at the partner once."""
    stage.redeem(Oidc, "bea", "oidc.example")
    bea = Oidc("bea@oidc.example", "bea")
    claims = stage.claims(bea, stage.free, **ESSENTIAL)
    assert claims["acr"] == MFA
    assert [step for step in bea.seen if step.startswith("peer")] == ["peer-second"]
    assert [asked["acr_values"] for asked in stage.asked["oidc"]()] == [MFA]


def test_oidc_amr_is_enough(stage: Stage) -> None:
    """HO-15: no acr comes back, amr says mfa, and that is a word that the file trusts."""
    claims = stage.claims(stage.redeem(Oidc, "amy", "oidc.example"), stage.payroll)
    assert (claims["acr"], claims["amr"]) == (MFA, ["pwd", "mfa"])


@pytest.mark.parametrize(
    ("name", "amr", "requests"),
    [
        ("wim", ["pwd", "otp", "mfa"], [MFA]),
        ("olga", ["pwd", "otp", "mfa"], [MFA, None]),
        ("mia", ["otp", "mfa"], [MFA]),
        ("rex", ["pwd", "otp", "mfa"], [MFA]),
    ],
)
def test_oidc_partner_that_gives_no_more(stage: Stage, name: str, amr: list[str], requests: list[str | None]) -> None:
    """HO-15, MF-04: a weaker answer, an old one, a mute one, a refusal: asked for more once, then our own factor; the token is true.

    MF-07: after the old answer nobody knows that the person is there now: a sign-in from now on goes before the first method.
    """
    who, began = stage.redeem(Oidc, name, "oidc.example"), int(time.time())
    home_time = stage.claims(who, stage.free)["auth_time"]
    claims = stage.with_phone(who)
    assert (claims["acr"], claims["amr"]) == (MFA, amr)
    assert who.seen.count("peer-second") == 1
    assert [asked.get("acr_values") for asked in stage.asked["oidc"]()] == requests
    receipt = stage.receipt()
    assert [proof["method"] for proof in receipt["facts"]["proofs"]] == ["partner", "totp"]
    assert receipt["facts"]["partner_mfa"] is False
    assert claims["auth_time"] >= began - 60
    if name == "rex":
        assert claims["auth_time"] == home_time


def test_oidc_refusal_in_the_first_request(stage: Stage) -> None:
    """HO-15: the provider refuses the second factor before it ever said who this is; the way back asks for a plain sign-in."""
    stage.redeem(Oidc, "rob", "oidc.example")
    rob = Oidc("rob@oidc.example", "rob")
    page = rob.open(stage.free.begin(**ESSENTIAL)[0], stop_at=CALLBACK)
    assert page.error == "partner_failed", page
    assert rob.again(page, stop_at=CALLBACK).name == "email-code"
    assert [step for step in rob.seen if step.startswith("peer")] == ["peer-login"]
    assert [asked.get("acr_values") for asked in stage.asked["oidc"]()] == [MFA, None]


def test_saml_partner_is_asked_once_and_believed(stage: Stage, sam: DemoPerson) -> None:
    """HS-30, HO-15: RequestedAuthnContext makes SimpleSAMLphp take the second source, ForceAuthn makes it ask."""
    began = int(time.time())
    claims = stage.claims(sam, stage.payroll)
    assert [step for step in sam.seen if step.startswith("peer")] == ["peer-login", "peer-second", "peer-return"]
    assert (claims["acr"], claims["amr"], claims["idp"]) == (MFA, ["mfa"], "saml")
    assert claims["auth_time"] >= began
    assert len(stage.asked["saml"]()) == 1
    (asked,) = sent(stage.receipt())
    assert asked["acr_values"] == [MFA]
    again = stage.claims(sam, stage.payroll)
    assert (again["acr"], again["auth_time"], sam.seen) == (MFA, claims["auth_time"], [])
    assert stage.asked["saml"]() == []


def test_saml_max_age(stage: Stage, sam: DemoPerson) -> None:
    """HP-17, HS-30: too old for the application; one ForceAuthn with the context in it gives both."""
    before = stage.claims(sam, stage.payroll)["auth_time"]
    time.sleep(2.1)
    stage.asked["saml"]()
    claims = stage.claims(sam, stage.payroll, max_age="1")
    assert claims["acr"] == MFA
    assert claims["auth_time"] > before
    assert len(stage.asked["saml"]()) == 1


@pytest.mark.parametrize(("name", "partner", "times"), [("pam", "poor", 1), ("walt", "plain", 1), ("olaf", "plain", 2)])
def test_saml_partner_that_gives_no_more(stage: Stage, name: str, partner: str, times: int) -> None:
    """HO-15, MF-04: NoAuthnContext; another context than was asked for; the right one with an old AuthnInstant."""
    who = stage.redeem(Saml, name, f"{partner}.example")
    claims = stage.with_phone(who)
    assert (claims["acr"], claims["amr"]) == (MFA, ["otp", "mfa"])
    assert len(stage.asked[partner]()) == times  # MF-07, as above
    receipt = stage.receipt()
    assert [proof["method"] for proof in receipt["facts"]["proofs"]] == ["partner", "totp"]
    assert [asked["acr_values"] for asked in sent(receipt) if "acr_values" in asked] == [[MFA]]


def test_saml_refusal_in_the_first_request(stage: Stage) -> None:
    """HO-15: NoAuthnContext before anybody said who this is: asked once more without the context, and no error page."""
    stage.redeem(Saml, "pia", "poor.example")
    pia = Saml("pia@poor.example", "pia")
    page = pia.open(stage.free.begin(**ESSENTIAL)[0], stop_at=CALLBACK)
    assert page.name == "email-code", page
    assert "error" not in pia.seen
    assert len(stage.asked["poor"]()) == 2
