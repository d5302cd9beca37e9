"""A person with a browser, who does what each page asks for until nothing more is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from broker.demo.browser import Browser, BrowserError, BrowserPage

MAX_PAGES = 15


@dataclass(slots=True)
class DemoPerson:
    """address: what the person types. subject: the button pressed at the partner in a box. seen: names of the pages, in order.

    halt_at: pages that this person does not answer. read_code: looks into the mailbox for the code of the page `email-code`.
    """

    address: str
    subject: str
    browser: Browser = field(default_factory=Browser)
    seen: list[str] = field(default_factory=list)
    halt_at: tuple[str, ...] = ()
    read_code: Callable[[], str] | None = None

    def open(self, url: str, *, stop_at: str | None = None) -> BrowserPage:
        """Go to an address and walk on from there."""
        return self.walk(self.browser.get(url, stop_at=stop_at), stop_at=stop_at)

    def walk(self, page: BrowserPage, *, stop_at: str | None = None) -> BrowserPage:
        """From page to page until one that this person has no answer to: an application, an error, a redirect to `stop_at`."""
        self.seen = []
        for _ in range(MAX_PAGES):
            if page.name:
                self.seen.append(page.name)
            following = None if page.name in self.halt_at else self._step(page, stop_at)
            if following is None:
                return page
            page = following
        raise BrowserError(f"no end after {MAX_PAGES} pages: {' '.join(self.seen)}")

    def again(self, page: BrowserPage, *, stop_at: str | None = None) -> BrowserPage:
        """Take the way out that an error page offers, and walk on."""
        return self.walk(self.browser.proceed(page, stop_at=stop_at), stop_at=stop_at)

    def _step(self, page: BrowserPage, stop_at: str | None) -> BrowserPage | None:
        browser = self.browser
        if page.name == "home-organization":
            if self.seen.count("home-organization") > 1:
                return None  # the address was not taken
            return browser.submit(page, {"email": self.address}, stop_at=stop_at)
        if page.name == "partner-login":
            return browser.submit(page, press=self.subject, stop_at=stop_at)
        if page.name == "email-code":
            if self.read_code is None or self.seen.count("email-code") > 1:
                return None  # somebody else's mailbox, or the code was not taken
            return browser.submit(page, {"code": self.read_code()}, stop_at=stop_at)
        if page.name == "terms-of-use":
            return browser.submit(page, {"accept": "yes"}, stop_at=stop_at)
        if page.name in ("invitation", "review-permissions", "partner-return", "continue", "idp-initiated"):
            return browser.proceed(page, stop_at=stop_at)
        return None
