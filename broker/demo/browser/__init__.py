"""A small browser for stories and tests: cookies, redirects and forms as Chromium treats them.

Owns: one person's cookies and navigation: `__Host-`, Secure (loopback http counts as secure), SameSite, Origin, Sec-Fetch-Site.
Does not know: scripts, frames, images, files, the public suffix list.
Offers: `Browser` and `BrowserPage`.

    browser = Browser()
    page = browser.get("http://localhost:8080/...")
    page.name, page.error, page.request_id        what `<main data-page=... data-error=... data-request-id=...>` says
    page = browser.submit(page, {"email": "ada@fabrikam.example"})     the form with the `data-primary` button
    page = browser.submit(page, press="decline")                       another button, by its value, name or text
    browser.hops                                  every request of the last navigation
"""

from broker.demo.browser.navigation import Browser, BrowserError, BrowserPage, Hop

__all__ = ["Browser", "BrowserError", "BrowserPage", "Hop"]
