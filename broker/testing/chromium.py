"""A guest in Chromium, driven by Playwright: the same pages that `broker.demo.person` answers, found by their `data-page`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from broker.demo.person import MAX_PAGES, DemoPerson

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]  # a container's user and memory need these


class NoWayForward(Exception):
    """The guest stands at a page that they cannot answer. The text names the page."""


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Chromium until the end of the block. Raises playwright's Error when there is none."""
    path = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


def walk(page: Page, person: DemoPerson, stop: str) -> Page:
    """Answer each page as this person, until one whose address starts with `stop`. Raises NoWayForward."""
    for _ in range(MAX_PAGES):
        page.wait_for_load_state()
        if page.url.startswith(stop):
            return page
        answer(page, person)
    raise NoWayForward(f"no end after {MAX_PAGES} pages, at {page.url}")


def answer(page: Page, person: DemoPerson) -> None:
    """Answer one page as this person. Raises NoWayForward."""
    main = page.locator("main").first
    name = (main.get_attribute("data-page") or "") if main.count() else ""
    button = "[data-primary]"
    if name == "partner-login":
        button = f"button[value='{person.subject}']"
    elif name == "home-organization":
        page.fill("[name=email]", person.address)
    elif name == "email-code" and person.read_code is not None:
        page.fill("[name=code]", person.read_code())
    elif name == "terms-of-use":
        page.check("[name=accept]")
    elif name not in ("invitation", "review-permissions", "partner-return", "continue", "idp-initiated"):
        raise NoWayForward(f"stands at {name or page.url}: {page.inner_text('body')[:400]}")
    with page.expect_navigation():
        page.click(button)
