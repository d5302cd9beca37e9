"""The frame of signed-in people in Chromium: by keyboard alone, with and without scripts."""

from __future__ import annotations

from playwright.sync_api import Browser, Page


def page_of(chromium: Browser, address: str, *, scripts: bool = True) -> Page:
    """The page in a profile of its own."""
    page = chromium.new_context(locale="en-GB", java_script_enabled=scripts).new_page()
    page.goto(address)
    return page


def focused(page: Page) -> str:
    """What has the focus, in words."""
    return " ".join(page.evaluate("document.activeElement.textContent || document.activeElement.id").split())


def test_keyboard_walks_the_header(chromium: Browser, gallery: str) -> None:
    """The skip link comes first and leads to the content; then company, places, menu; Enter opens the menu, Escape closes it."""
    page = page_of(chromium, f"{gallery}/apps-owner")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.goto(f"{gallery}/apps-owner")
    found = []
    for _ in range(6):
        page.keyboard.press("Tab")
        found.append(focused(page))
    assert found[1:5] == ["Contoso", "Applications", "Account", "Administration"]
    assert "Your menu" in found[5]
    page.keyboard.press("Enter")
    assert page.get_by_text("Sign-in methods", exact=True).is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert page.locator("details.who[open]").count() == 0
    assert "Your menu" in focused(page)
    page.context.close()


def test_menu_without_scripts(chromium: Browser, gallery: str) -> None:
    """Languages, methods and Sign out are reached without a script."""
    page = page_of(chromium, f"{gallery}/apps", scripts=False)
    page.locator("details.who > summary").click()
    assert page.get_by_role("button", name="Sign out").is_visible()
    page.get_by_role("link", name="Nederlands").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Je toepassingen"
    page.context.close()


def test_tiles_are_filtered_while_typing(chromium: Browser, gallery: str) -> None:
    """With scripts the list follows what is typed; nothing is sent."""
    page = page_of(chromium, f"{gallery}/apps-owner")
    page.fill("#q", "pay")
    assert page.locator("#tiles > li:visible").count() == 2
    page.fill("#q", "")
    assert page.locator("#tiles > li:visible").count() == 8
    page.context.close()


def test_what_an_act_did_has_the_focus(chromium: Browser, gallery: str) -> None:
    """The band is read first where the address says so, and it is no script that shows it."""
    page = page_of(chromium, f"{gallery}/apps-offers#said")
    assert page.evaluate("document.activeElement.id") == "said"
    plain = page_of(chromium, f"{gallery}/apps-offers#said", scripts=False)
    assert plain.get_by_role("status").inner_text() == "Your request was sent."
    for one in (page, plain):
        one.context.close()
