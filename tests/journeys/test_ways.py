"""Never a dead end: where the primary button of an error page leads, by what is known of the login (issue 4)."""

from __future__ import annotations

from broker.demo.browser import Browser
from tests.journeys.world import ADA, World


def test_second_answer_of_the_partner(world: World) -> None:
    """A reload of the page that the partner's answer led to: the sign-in is still open, and the button leads into it."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    world.partners["fabrikam"].fault = "unsigned"
    page = world.arrive(ada)
    assert page.error == "partner_untrusted"
    world.partners["fabrikam"].fault = "none"
    page = ada.browser.get(page.url)
    assert page.error == "login_expired"
    assert ada.again(page, stop_at=world.callback).query["code"]


def test_answer_after_the_end_leads_to_the_application(world: World) -> None:
    """Back to the partner's page after the login was answered; a stranger with the same address gets the applications."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    first = ada.browser.submit(ada.browser.get(world.request()[0]), {"email": ADA.email})
    assert ada.walk(first, stop_at=world.callback).query["code"]
    page = ada.browser.submit(first, press=ADA.subject)
    assert page.error == "login_expired"
    assert page.document.primary_link == f"{world.callback}/home"
    page = Browser(clock=world.clock).get(page.url)
    assert page.document.primary_link == "/apps"


def test_invitation_that_took_too_long(world: World) -> None:
    """A redemption that ran out leads back to its invitation; one that was finished leads to the application."""
    ada = world.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    page = ada.open(world.invite().redeem_url)
    address = page.url
    world.clock.advance(3600)
    expired = ada.browser.get(address)
    assert expired.error == "login_expired"
    assert expired.document.primary_link == "/invitation"
    page = ada.walk(ada.browser.proceed(expired))
    assert page.name == "review-permissions"
    assert ada.browser.proceed(page, stop_at=world.callback).location
    assert ada.browser.get(page.url).document.primary_link == f"{world.callback}/home"


def test_stale_form_leads_into_its_login(world: World) -> None:
    """HW-5: a form with another token changes nothing, and the button leads to the page as it is now."""
    ada = world.visitor(ADA)
    page = ada.browser.get(world.request()[0])
    refused = ada.browser.post(page.url.rstrip("/") + "/home", {"csrf": "x", "email": ADA.email}, opener=page)
    assert (refused.status, refused.error) == (403, "bad_request")
    assert ada.browser.proceed(refused).name == "home-organization"
