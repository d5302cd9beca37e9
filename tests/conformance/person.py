"""A member of the company in Chromium, who answers our pages as a module needs it."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Error, Page

from broker.demo.person import MAX_PAGES, DemoPerson
from broker.testing.chromium import NoWayForward, answer
from tests.conformance.suite import SuiteError


@dataclass
class ChromiumVisitor:
    """context: a browser without cookies. home: the beginning of the suite's addresses."""

    context: BrowserContext
    person: DemoPerson
    home: str

    def visit(self, url: str, module: str) -> bytes:
        """Signs in, or out, until the suite has its answer or a page remains. The picture shows our first page, else the last one."""
        page = self.context.new_page()
        try:
            page.goto(url)
            first = b"" if page.url.startswith(self.home) else page.screenshot(full_page=True)
            self._go_on(page, rejects="user-rejects" in module)
            return first if first and page.url.startswith(self.home) else page.screenshot(full_page=True)
        except (Error, NoWayForward) as error:
            raise SuiteError(f"in the browser: {error}") from error
        finally:
            page.close()

    def _go_on(self, page: Page, *, rejects: bool) -> None:
        for _ in range(MAX_PAGES):
            page.wait_for_load_state()
            name = "" if page.url.startswith(self.home) else page.locator("main").first.get_attribute("data-page") or ""
            if name == "sign-out":
                with page.expect_navigation():
                    page.click("[data-primary]")
            elif name == "partner-login" and rejects:
                with page.expect_navigation():
                    page.get_by_role("button", name="Cancel").click()
            elif name in ("home-organization", "partner-login", "review-permissions", "continue"):
                answer(page, self.person)
            else:
                return  # the suite, an error, or the page after a sign-out
