"""Codes by mail in Chromium: on a telephone, with and without scripts, wrong digits, another one, another browser."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import BrowserContext, Page

from broker.demo.identity import Account
from broker.demo.story.email_codes import codes, following
from broker.demo.story.scene import Scene
from tests.browser.stage import Stage, arrives, examine, press, walk
from tests.browser.test_gallery import SIZES

OpenContext = Callable[..., BrowserContext]
NUMBERS = count(1)


def freelancer() -> Account:
    """Somebody new, with a mailbox and no account anywhere."""
    number = next(NUMBERS)
    return Account(subject="", name="Gwen Freelance", email=f"gwen-{number}@mailbox.example")


def at_the_code(page: Page, stage: Stage, person: Account) -> str:
    """From the link to the page that waits for the code; the code."""
    page.goto(stage.invite(person))
    press(page, "[data-primary]")
    arrives(page, "email-code")
    return following(Scene(stage.cast), person.email, 0)


@pytest.mark.parametrize("scripts", [True, False])
def test_redeem_on_a_telephone(open_context: OpenContext, stage: Stage, scripts: bool) -> None:
    """MF-09: wrong digits are told at the field, pasted ones with spaces are taken; it works without scripts."""
    person = freelancer()
    page = open_context(viewport=SIZES["phone"], java_script_enabled=scripts).new_page()
    code = at_the_code(page, stage, person)
    field = page.locator("#code")
    shown = {name: field.get_attribute(name) for name in ("inputmode", "autocomplete", "type")}
    assert shown == {"inputmode": "numeric", "autocomplete": "one-time-code", "type": "text"}
    assert page.get_by_text("Send a new code").is_disabled() == scripts  # without them the server says so
    if scripts:
        examine(page)
        assert page.locator("#code:focus").count() == 1
    field.fill("00000000" if code != "00000000" else "11111111")
    press(page, "[data-primary]")
    arrives(page, "email-code")
    assert page.title().startswith("Error: Check your e-mail")
    if scripts:
        examine(page)
        assert page.locator(".error-summary:focus").count() == 1
    page.locator("#code").fill(f"{code[:4]} {code[4:]} ")
    press(page, "[data-primary]")
    arrives(page, "review-permissions")
    walk(page, person)
    assert page.url.startswith(stage.cast.at.payroll)


def test_another_browser(open_context: OpenContext, stage: Stage) -> None:
    """AL-04: the code of one browser is none in another; there the person asks for one of its own."""
    person = freelancer()
    first = open_context(viewport=SIZES["phone"]).new_page()
    code = at_the_code(first, stage, person)
    first.fill("#code", code)
    press(first, "[data-primary]")
    walk(first, person)
    for page in (first, open_context().new_page()):
        page.context.clear_cookies()
        before = len(codes(Scene(stage.cast), person.email))
        page.goto(stage.payroll)
        page.fill("#email", person.email)
        press(page, "[data-primary]")
        arrives(page, "email-code")
        own = following(Scene(stage.cast), person.email, before)
        if own != code:
            page.fill("#code", code)
            press(page, "[data-primary]")
            arrives(page, "email-code")
        page.fill("#code", own)
        press(page, "[data-primary]")
        arrives(page, "application")
        code = own


def test_back_and_reload(open_context: OpenContext, stage: Stage) -> None:
    """A reload sends no second mail; Back from the page behind it is no trap."""
    person = freelancer()
    page = open_context(viewport=SIZES["phone"]).new_page()
    code = at_the_code(page, stage, person)
    page.reload()
    arrives(page, "email-code")
    assert len(codes(Scene(stage.cast), person.email)) == 1
    page.fill("#code", code)
    press(page, "[data-primary]")
    arrives(page, "review-permissions")
    page.go_back()
    page.wait_for_load_state()
    page.goto(page.url)
    arrives(page, "review-permissions")
    walk(page, person)
