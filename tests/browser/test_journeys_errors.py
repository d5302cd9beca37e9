"""Every error page that a person can meet, in Chromium: what it says, its reference, and the best next step (issue 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from broker.app import build
from broker.demo.cast import login
from broker.demo.relying import RelyingParty
from broker.services.partners.documents import RETRY_PAUSE
from broker.storage.directory import people
from tests.browser.stage import BOARD, Stage, arrives, examine, press, walk

OpenContext = Callable[..., BrowserContext]
HELP = "mailto:it@contoso.example?subject="


def stands_at(page: Page, code: str) -> str:
    """Fails unless this is the error page of `code`, whole; its reference."""
    examine(page)
    assert page.get_attribute("main", "data-error") == code
    reference = page.get_attribute("main", "data-request-id") or ""
    assert page.inner_text("#reference") == reference
    assert page.locator("[data-primary]").count() == 1
    return reference


def copies(page: Page) -> str:
    """What the copy button copies."""
    page.click("[data-copy]")
    page.wait_for_function("document.querySelector('[data-copy]').textContent === 'Copied'")
    return str(page.evaluate("navigator.clipboard.readText()"))


def redeemed(open_context: OpenContext, stage: Stage) -> tuple[Page, str]:
    """Somebody with access in a browser of their own: the page, and the link that is used up."""
    person = stage.person()
    link = stage.invite(person)
    page = open_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto(link)
    walk(page, person)
    return page, link


@pytest.mark.parametrize(("fault", "code"), [("down", "partner_failed"), ("unsigned", "partner_untrusted")])
def test_partner_is_at_fault(open_context: OpenContext, stage: Stage, fault: str, code: str) -> None:
    """The login is kept: when the partner is well again, the same page leads in. Its reference is the receipt's."""
    person = stage.person()
    page = open_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto(stage.invite(person))
    with stage.fault(fault):
        walk(page, person, stop="error")
        reference = stands_at(page, code)
        assert copies(page) == reference
        page.reload()  # impatience: the answer was taken once, the login goes on all the same
        arrives(page, "error")
    receipt = stage.cast.broker.ask("sign-ins", "--request", reference)
    assert (receipt["error"], receipt["partner"]) == (code, "fabrikam")
    page.wait_for_timeout((RETRY_PAUSE + 1) * 1000)  # a partner that was down is asked again after this
    page.click("[data-primary]")
    walk(page, person)
    assert "signed in as" in page.inner_text("main")


def test_partner_refuses_and_another_is_chosen(open_context: OpenContext, stage: Stage) -> None:
    """Somebody cancels at the partner: try again, another account, or back to the application."""
    page = open_context().new_page()
    page.goto(stage.payroll)
    page.fill("#email", "ada@fabrikam.example")
    page.click("[data-primary]")
    page.click("text=Cancel")
    stands_at(page, "partner_failed")
    page.click("text=Use another account")
    arrives(page, "home-organization")
    page.go_back()
    stands_at(page, "login_expired")  # the partner's answer is taken once; the sign-in is still open
    page.click("[data-primary]")
    arrives(page, "home-organization")
    page.fill("#email", "ada@fabrikam.example")
    page.click("[data-primary]")
    page.click("text=Cancel")
    page.click("button:has-text('Back to the application')")
    arrives(page, "application-error")
    assert page.get_attribute("main", "data-reason") == "access_denied"


def test_invitation_that_is_over(open_context: OpenContext, stage: Stage) -> None:
    """IN-04: used, unknown or replaced: a new link in one click; used: on to the applications; else help, with the reference."""
    page, link = redeemed(open_context, stage)
    page.goto(link)
    stands_at(page, "invitation_used")
    page.click("text=Go to your applications")
    arrives(page, "apps")
    page.goto(link)
    press(page, "form[action$='/invitation/fresh'] button")
    arrives(page, "fresh-link")
    person = stage.person()
    old = stage.invite(person)
    stage.invite(person)
    page = open_context().new_page()
    for address in (old, f"{stage.url}/invitation/{'x' * 43}"):
        page.goto(address)
        reference = stands_at(page, "invitation_expired")
        assert page.get_attribute(".help a", "href") == HELP + reference
        press(page, "[data-primary]")
        arrives(page, "fresh-link")
    page.goto(f"{stage.url}/invitation/short")
    stands_at(page, "bad_request")


def test_invitation_for_somebody_else(open_context: OpenContext, stage: Stage) -> None:
    """OU-10: a colleague follows the link: told so, as whom he is signed in, and the right account gets in."""
    invited, other = stage.person(), stage.person("Bert Stranger")
    page = open_context().new_page()
    page.goto(stage.invite(invited))
    walk(page, other, stop="email-code")
    press(page, "form[action$='/code/decline'] button")
    stands_at(page, "invitation_mismatch")
    assert f"You are signed in as {other.email}." in page.inner_text("main")
    page.click("[data-primary]")
    arrives(page, "partner-login")
    walk(page, invited)
    assert f"signed in as {invited.name}" in page.inner_text("main")


@pytest.mark.parametrize("code", ["guest_blocked", "guest_expired"])
def test_access_is_over(open_context: OpenContext, stage: Stage, code: str) -> None:
    """Only the company can help: its button names the reference; another account and the application stay possible."""
    page, _ = redeemed(open_context, stage)
    person = list(stage.cast.partners["fabrikam"].accounts.values())[-1]
    broker = build(stage.cast.home)
    change = {"state": "blocked"} if code == "guest_blocked" else {"expires_at": 1}
    with broker.core.db.write() as tx:
        people.change(tx, stage.guest(person)["id"], change)
    broker.close()
    page.goto(f"{stage.payroll}?prompt=login")
    walk(page, person, stop="error")
    reference = stands_at(page, code)
    assert page.get_attribute("[data-primary]", "href") == HELP + reference
    assert page.inner_text("[data-primary]") == "Ask for help"
    page.click("text=Use another account")
    arrives(page, "home-organization")


def test_application_is_not_open(open_context: OpenContext, stage: Stage) -> None:
    """not_assigned names the account and leads to help, or back to the application."""
    page, _ = redeemed(open_context, stage)
    party = RelyingParty(stage.url, BOARD, f"{stage.cast.at.travel}/callback", scope="openid")
    page.goto(party.begin()[0])
    stands_at(page, "not_assigned")
    assert page.locator(".hint:has-text('You are signed in as')").count() == 1
    page.click("button:has-text('Back to the application')")
    assert page.url.startswith(stage.cast.at.travel)


def test_login_that_is_over(open_context: OpenContext, stage: Stage) -> None:
    """A finished login leads back to the application; one of another browser to the applications."""
    page, _ = redeemed(open_context, stage)
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url) if "/signin/" in request.url else None)
    page.goto(stage.payroll)
    page.goto(seen[0])
    stands_at(page, "login_expired")
    assert page.inner_text("[data-primary]") == "Back to the application"
    page.click("[data-primary]")
    arrives(page, "application")
    page = open_context().new_page()
    page.goto(seen[0])
    stands_at(page, "login_expired")
    page.click("[data-primary]")
    arrives(page, "home-organization")


def test_form_that_is_out_of_date(open_context: OpenContext, stage: Stage) -> None:
    """HW-5: the cookies are gone or the token is wrong: nothing is changed, and the button leads into the login."""
    page = open_context().new_page()
    page.goto(stage.payroll)
    page.evaluate("document.querySelector('form[method=post] input[name=csrf]').value = 'x'")
    page.fill("#email", "ada@fabrikam.example")
    page.click("[data-primary]")
    stands_at(page, "bad_request")
    assert page.inner_text("h1") == "This form has expired"
    page.click("[data-primary]")
    arrives(page, "home-organization")
    page.context.clear_cookies()
    page.fill("#email", "ada@fabrikam.example")
    page.click("[data-primary]")
    stands_at(page, "bad_request")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/authorize?client_id=nobody", "/signin/none", "/oidc/nobody/callback?state=x&code=y"]
)
def test_address_that_leads_nowhere(open_context: OpenContext, stage: Stage, path: str) -> None:
    """Whoever is lost is led to the applications."""
    page = open_context().new_page()
    page.goto(stage.url + path)
    examine(page)
    assert page.get_attribute("main", "data-error") in ("bad_request", "login_expired")
    page.click("[data-primary]")
    arrives(page, "home-organization")


def test_application_refuses_its_own_answer(open_context: OpenContext, stage: Stage) -> None:
    """Nobody signed in and no page wanted: the application gets the standard's error."""
    page = open_context().new_page()
    page.goto(login(stage.cast.at.payroll, prompt="none"))
    assert page.get_attribute("main", "data-reason") == "login_required"
