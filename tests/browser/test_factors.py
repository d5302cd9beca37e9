"""Second factors in Chromium: an authenticator app on a phone by keyboard only, passkeys with a virtual authenticator, no scripts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyotp
from playwright.sync_api import BrowserContext, Page

from broker.demo.identity import Account
from tests.browser.stage import Stage, arrives, examine, name_of, press, tab_to, walk

PHONE = {"width": 390, "height": 844}
OpenContext = Callable[..., BrowserContext]


def needs(stage: Stage, acr: str) -> str:
    """Where one begins to sign in to Payroll, which insists on this acr."""
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": [acr]}}})
    return f"{stage.payroll}{'&' if '?' in stage.payroll else '?'}claims={quote(claims)}"


MFA, PHR = "https://refeds.org/profile/mfa", "phr"


def guest(open_context: OpenContext, stage: Stage, **options: Any) -> tuple[Page, Account]:
    """Somebody who has just redeemed an invitation."""
    person = stage.person()
    page = open_context(**options).new_page()
    page.goto(stage.invite(person))
    walk(page, person)
    return page, person


def with_authenticator(page: Page, *, verifies: bool = True) -> None:
    """A passkey device in this browser, which needs no hand to touch it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal" if verifies else "usb",
                "hasResidentKey": verifies,
                "hasUserVerification": verifies,
                "isUserVerified": verifies,
                "automaticPresenceSimulation": True,
            }
        },
    )


def enter(page: Page, what: str) -> None:
    """Reach it by Tab, and press Enter."""
    tab_to(page, what)
    page.keyboard.press("Enter")


def type_into(page: Page, field: str, text: str) -> None:
    """Reach a field by Tab, unless the page begins there; type, and send its form by Enter."""
    if not page.locator(f"{field}:focus").count():
        tab_to(page, field)
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def shot(page: Page, folder: Path, name: str) -> None:
    """A picture for people to look at."""
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def test_app_on_a_phone_by_keyboard(open_context: OpenContext, stage: Stage, journeys: Path) -> None:
    """Enrolment, codes, and the next sign-in: Tab, digits and Enter only; each page accessible at 400 %."""
    page, person = guest(open_context, stage, viewport=PHONE, has_touch=True)
    page.goto(needs(stage, MFA))
    arrives(page, "mfa-enroll")
    examine(page)
    shot(page, journeys, "mfa-enroll")
    secret = page.inner_text("code#key")
    tab_to(page, "#code")
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    page.wait_for_selector(".field-error#code-error")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    assert page.inner_text("code#key") == secret  # a typing mistake does not change the picture
    type_into(page, "#code", pyotp.TOTP(secret).now())
    arrives(page, "recovery-codes")
    examine(page)
    shot(page, journeys, "recovery-codes")
    codes = page.locator("#codes code").all_inner_texts()
    assert len(codes) == 10
    enter(page, "[data-primary]")
    arrives(page, "application")
    other = open_context(viewport=PHONE, has_touch=True).new_page()
    other.goto(needs(stage, MFA))
    walk(other, person, stop="mfa-challenge")
    examine(other)
    shot(other, journeys, "mfa-challenge")
    enter(other, 'a:has-text("I can\'t use any of these now")')
    arrives(other, "mfa-lost")
    examine(other)
    shot(other, journeys, "mfa-lost")
    enter(other, "[data-primary]")
    arrives(other, "mfa-challenge")
    type_into(other, "#code", pyotp.TOTP(secret).at(time.time() + 30))  # one step ahead: this one was used
    arrives(other, "application")
    other.goto(f"{needs(stage, MFA)}&prompt=login")
    walk(other, person, stop="mfa-challenge")
    type_into(other, "#code", codes[0].lower())
    arrives(other, "application")


def test_passkey_on_a_phone_by_keyboard(open_context: OpenContext, stage: Stage, journeys: Path) -> None:
    """Made, used, removed: Tab and Enter only, on phone width; no key of a pointer is needed."""
    page, person = guest(open_context, stage, viewport=PHONE, has_touch=True)
    with_authenticator(page)
    page.goto(needs(stage, PHR))
    arrives(page, "mfa-enroll")
    examine(page)
    shot(page, journeys, "mfa-enroll-passkey")
    enter(page, "form[data-passkey] button")
    arrives(page, "recovery-codes")
    enter(page, "[data-primary]")
    arrives(page, "application")
    page.goto(f"{needs(stage, PHR)}&prompt=login")
    walk(page, person, stop="mfa-challenge")
    examine(page)
    shot(page, journeys, "mfa-challenge-passkey")
    enter(page, "form[data-passkey] button")
    arrives(page, "application")
    assert '"acr": "phr"' in page.inner_text("main")
    page.goto(f"{stage.url}/account/methods")
    arrives(page, "account-methods")
    examine(page)
    shot(page, journeys, "account-methods")
    enter(page, "button:has-text('Remove')")
    arrives(page, "account-confirm")
    examine(page)
    shot(page, journeys, "account-confirm")
    enter(page, "[data-primary]")
    page.wait_for_selector("text=You don't have any yet")


def test_passkey(open_context: OpenContext, stage: Stage) -> None:
    """phr: made, used in the next sign-in at once, listed, and named; the token says who holds what."""
    page, person = guest(open_context, stage)
    with_authenticator(page)
    page.goto(needs(stage, PHR))
    arrives(page, "mfa-enroll")
    examine(page)
    assert page.locator("#code").count() == 0
    page.click("form[data-passkey] button")
    arrives(page, "recovery-codes")
    press(page, "[data-primary]")
    arrives(page, "application")
    assert '"acr": "phr"' in page.inner_text("main")
    assert '"hwk"' in page.inner_text("main")
    page.goto(f"{needs(stage, PHR)}&prompt=login")
    walk(page, person, stop="mfa-challenge")
    examine(page)
    page.click("form[data-passkey] button")
    arrives(page, "application")
    page.goto(f"{stage.url}/account/methods")
    arrives(page, "account-methods")
    examine(page)
    page.fill("#name-1", "Laptop")
    page.click("text=Save name")
    page.wait_for_selector("h3:has-text('Laptop')")


def test_security_key_without_a_pin(open_context: OpenContext, stage: Stage) -> None:
    """A key that does not check who holds it is a second factor, and no phr."""
    page, _person = guest(open_context, stage)
    with_authenticator(page, verifies=False)
    page.goto(needs(stage, MFA))
    arrives(page, "mfa-enroll")
    page.click("form[data-passkey] button")
    arrives(page, "recovery-codes")
    press(page, "[data-primary]")
    arrives(page, "application")
    assert f'"acr": "{MFA}"' in page.inner_text("main")


def test_passkey_refused_by_the_person(open_context: OpenContext, stage: Stage) -> None:
    """No authenticator answers: the page says so, stays, and offers another way."""
    page, _person = guest(open_context, stage)
    page.goto(needs(stage, MFA))
    arrives(page, "mfa-enroll")
    page.evaluate("() => { navigator.credentials.create = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }")
    page.click("form[data-passkey] button")
    page.wait_for_selector("[data-problem]:visible")
    assert name_of(page) == "mfa-enroll"
    page.fill("#code", pyotp.TOTP(page.inner_text("code#key")).now())
    page.keyboard.press("Enter")
    arrives(page, "recovery-codes")


def test_without_scripts(open_context: OpenContext, stage: Stage) -> None:
    """Codes work without JavaScript; the page says that passkeys do not, and the app is there."""
    page, person = guest(open_context, stage, java_script_enabled=False)
    page.goto(needs(stage, MFA))
    arrives(page, "mfa-enroll")
    assert page.locator("[data-without]").is_visible()
    assert not page.locator("form[data-passkey] button").is_visible()
    secret = page.inner_text("code#key")
    page.fill("#code", pyotp.TOTP(secret).now())
    press(page, "[data-primary]")
    arrives(page, "recovery-codes")
    press(page, "[data-primary]")
    arrives(page, "application")
    page.goto(f"{needs(stage, MFA)}&prompt=login")
    walk(page, person, stop="mfa-challenge")
    page.fill("#code", pyotp.TOTP(secret).at(time.time() + 30))  # one step ahead: this one was used
    press(page, "[data-primary]")
    arrives(page, "application")
