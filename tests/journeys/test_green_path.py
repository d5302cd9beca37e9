"""Invite -> redeem -> sign in -> single sign-on -> refused: the walking skeleton over OIDC, from outside."""

from __future__ import annotations

import pytest

from broker.demo.faults import FAULTS
from tests.journeys.world import ADA, BO, CLEO, MALLORY, NORA, World


def test_invited_guest_redeems_and_signs_in(both: World) -> None:
    """The link leads over the landing page, the partner and one consent page to the application; tokens verify."""
    ada = both.visitor(ADA)
    page = both.redeem(ada)
    assert ada.seen == ["invitation", "partner-login", "review-permissions"]
    assert page.location == f"{both.callback}/home"
    tokens = both.sign_in(ada)
    assert ada.seen == []  # single sign-on, and no second consent (HP-61)
    assert tokens.claims["email"] == ADA.email
    assert tokens.claims["email_verified"] is True
    assert tokens.claims["idp"] == "fabrikam"
    assert tokens.claims["acr"] == "https://refeds.org/profile/sfa"
    assert {"amr", "auth_time", "sid", "nonce"} <= tokens.claims.keys()
    assert both.party.userinfo(tokens)["name"] == ADA.name


def test_later_sign_in_needs_no_link(world: World) -> None:
    """A guest who is bound signs in from the application in any browser; `sub` stays, and differs between applications."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    first = world.sign_in(ada)
    again = world.visitor(ADA)
    second = world.sign_in(again)
    assert again.seen == ["home-organization", "partner-login"]
    assert first.claims["sub"] == second.claims["sub"]
    third = world.sign_in(again, world.travel)
    assert again.seen == ["review-permissions"]
    assert third.claims["sub"] != first.claims["sub"]


def test_uninvited_is_refused(world: World) -> None:
    """AZ-24: signed in at home, but nobody invited him; nothing is created, the receipt says why."""
    before = world.counts("logins", "receipts", "audit", "audit_personal", "attempts", "documents")
    page = world.arrive(world.visitor(BO))
    assert (page.status, page.error) == (403, "not_invited")
    assert world.counts("logins", "receipts", "audit", "audit_personal", "attempts", "documents") == before
    receipt = world.receipt(page)
    assert (receipt["outcome"], receipt["error"], receipt["partner"]) == ("blocked", "not_invited", "fabrikam")


def test_another_partner_asserts_the_address(world: World) -> None:
    """AL-01, IN-02: Northwind says that Mallory is ada@fabrikam.example; the guest is untouched before and after redemption."""
    invited = world.invite()
    mallory = world.visitor(MALLORY)
    mallory.address = NORA.email  # she types an address of her own organization
    assert world.arrive(mallory).error == "not_invited"
    world.redeem(world.visitor(ADA), invited)
    mallory = world.visitor(MALLORY)
    mallory.address = NORA.email
    assert world.arrive(mallory).error == "not_invited"


def test_authority_for_the_domain_binds_without_link(world: World) -> None:
    """The partner that is the authority for the invited address may bind the guest without the ticket (contract)."""
    world.invite()
    ada = world.visitor(ADA)
    tokens = world.sign_in(ada)
    assert ada.seen == ["home-organization", "partner-login", "review-permissions"]
    assert tokens.claims["email"] == ADA.email


@pytest.mark.parametrize("order", ["before", "after"])
def test_no_trust_in_mail_means_no_binding(world: World, order: str) -> None:
    """AL-02: without trust.email no address counts, with the link or without it."""
    from tests.journeys.world import partner_file

    world.write(
        "partners/fabrikam.yaml", partner_file("Fabrikam", "fabrikam.example", world.partners["fabrikam"].issuer, trust=False)
    )
    invited = world.invite()
    ada = world.visitor(ADA)
    page = world.arrive(ada) if order == "before" else world.refuse_mailbox(ada, world.redeem(ada, invited))
    assert page.error == ("not_invited" if order == "before" else "invitation_mismatch")
    assert world.broker.invitations.invitations.landing(invited.redeem_url.rpartition("/")[2]).status == "pending"


def test_member_joins_at_first_sign_in(world: World) -> None:
    """A member needs no invitation and no consent (contract: identity rules)."""
    cleo = world.visitor(CLEO)
    tokens = world.sign_in(cleo)
    assert cleo.seen == ["home-organization", "partner-login"]
    assert tokens.claims["email"] == CLEO.email


QUIET = ("logins", "receipts", "audit", "audit_personal", "attempts", "documents", "used")  # what a refusal may move


@pytest.mark.parametrize("fault", [name for name, fault in FAULTS.items() if fault.page])
def test_fault_is_refused_and_the_login_is_kept(world: World, fault: str) -> None:
    """Each fault of a partner ends on a page with the contract's code; the person can try again in the same browser."""
    world.redeem(world.visitor(ADA))
    world.sign_in(world.visitor(ADA))  # so that there is an ID token to replay
    before = world.counts(*QUIET)
    ada = world.visitor(ADA)
    world.partners["fabrikam"].fault = fault
    page = world.arrive(ada)
    assert page.error == FAULTS[fault].page
    assert world.counts(*QUIET) == before
    assert world.receipt(page)["error"] == FAULTS[fault].page
    world.partners["fabrikam"].fault = "none"
    world.clock.advance(10)
    assert ada.again(page, stop_at=world.callback).location is not None


@pytest.mark.parametrize("fault", ["missing_mail", "unverified_mail"])
def test_no_verified_address_redeems_nothing(world: World, fault: str) -> None:
    """IN-01, IN-02: without the authority's word for the invited address the invitation stays pending."""
    invited = world.invite()
    world.partners["fabrikam"].fault = fault
    ada = world.visitor(ADA)
    page = world.refuse_mailbox(ada, world.redeem(ada, invited))
    assert (page.status, page.error) == (403, "invitation_mismatch")
    assert world.receipt(page)["reason"] == "invitation_identity"
    world.partners["fabrikam"].fault = "none"
    assert world.redeem(world.visitor(ADA), invited).location is not None
