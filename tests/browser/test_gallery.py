"""Every page in Chromium: pictures at two widths in both schemes, axe-core, and what must work without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pytest
from _pytest.mark import ParameterSet
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize

from broker.domain.errors import PAGE_ERRORS
from tests.browser.gallery import NAMES
from tests.browser.gallery_own import PIECES

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ERRORS = [f"error/{code}" for code in PAGE_ERRORS]
SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
LOOKS = [(size, scheme) for size in SIZES for scheme in SCHEMES]
SMALL_TARGETS = """
[...document.querySelectorAll('button, .btn, input:not([type=hidden]), .footing a, .aside a')]
.filter(e => !(e.closest('.desk') && (innerWidth >= 1024 || e.closest('.tick, .pick'))))
.filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)
"""  # at the desk of an administrator targets may be smaller: axe-core asks for the 24 px of WCAG 2.5.8


KEY = (  # the pages that every change is looked at on; `make browser` and `make deep` look at all
    "home", "choose", "code", "invitation", "consent-invited", "mfa-challenge", "mfa-enroll", "recovery-codes", "terms", "apps",
    "account", "methods", "components", "question", "signed-out", "error/not_invited", "error/partner_failed",
)  # fmt: skip


def every(names: Iterable[str]) -> list[ParameterSet]:
    """One case each; those that are no key pages carry the mark `whole`."""
    return [pytest.param(name, marks=() if name in KEY else pytest.mark.whole) for name in names]


def complaints(page: Page) -> list[str]:
    """What axe-core finds: rule, and the element."""
    found = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    return [f"{one['id']}: {node['html']}: {node['failureSummary']}" for one in found["violations"] for node in one["nodes"]]


def opened(context: BrowserContext, address: str) -> Page:
    """The page; one that hands the browser over stays."""
    page = context.new_page()
    if address.endswith("/hand-over"):
        page.route("**/page.*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(address)
    return page


def fits(page: Page) -> bool:
    """Nothing scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("name", every([*NAMES, *PIECES, *ERRORS]))
def test_page_is_pictured_and_accessible(chromium: Browser, gallery: str, pictures: Path, name: str) -> None:
    """At both widths and in both schemes axe-core finds nothing, targets are 44 px; WCAG 1.4.10 at 400 %. Pictures are kept."""
    context = chromium.new_context(locale="en-GB", reduced_motion="reduce")  # colours change at once, without a transition
    page = opened(context, f"{gallery}/{name}")
    page.evaluate(AXE.read_text())
    for size, scheme in LOOKS[::3] if name in ERRORS else LOOKS:
        page.set_viewport_size(SIZES[size])
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=pictures / f"{name.replace('/', '-')}.{size}.{scheme}.png", full_page=True)
        assert complaints(page) == []
        assert fits(page)
        assert page.evaluate(SMALL_TARGETS) == []
    page.set_viewport_size({"width": 320, "height": 256})
    assert fits(page)
    context.close()


@pytest.mark.whole
@pytest.mark.parametrize("language", ["nl", "de", "fr"])
def test_pages_fit_a_phone_in_every_language(chromium: Browser, gallery: str, pictures: Path, language: str) -> None:
    """Longer words break nothing."""
    context = chromium.new_context(viewport=SIZES["phone"], color_scheme="light", locale=language)
    for name in NAMES:
        page = opened(context, f"{gallery}/{name}")
        assert page.evaluate("document.documentElement.lang") == language
        page.screenshot(path=pictures / f"{name}.phone.{language}.png", full_page=True)
        assert fits(page), name
        page.close()
    context.close()


@pytest.mark.parametrize("name", ["home", "consent-invited", "apps", "error/not_invited"])
def test_page_loads_little_and_only_from_us(chromium: Browser, gallery: str, name: str) -> None:
    """AZ-23: one page, one stylesheet, one script, our images; under 60 kB compressed; no complaint of the CSP."""
    context = chromium.new_context()
    page = context.new_page()
    sizes: dict[str, int] = {}
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}))
    page.goto(f"{gallery}/{name}", wait_until="networkidle")
    assert all(url.startswith(f"{gallery}/") for url in sizes)
    assert sum(url.endswith(".css") for url in sizes) == 1
    assert sum(sizes.values()) < 60_000
    assert [line for line in said if "status of 403" not in line] == []
    context.close()


def test_form_sends_itself(chromium: Browser, gallery: str) -> None:
    """HP-53: with scripts the browser is handed over at once."""
    context = chromium.new_context()
    page = context.new_page()
    with page.expect_request("**/nowhere") as sent:
        page.goto(f"{gallery}/hand-over")
    assert sent.value.method == "POST"
    assert sent.value.post_data == "SAMLRequest=PHNhbWxwOkF1dGhuUmVxdWVzdD4%3D&RelayState=h"
    context.close()


def test_form_without_scripts(chromium: Browser, gallery: str) -> None:
    """HP-53: without scripts the button does it."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{gallery}/hand-over")
    with page.expect_request("**/nowhere") as sent:
        page.click("[data-primary]")
    assert sent.value.post_data == "SAMLRequest=PHNhbWxwOkF1dGhuUmVxdWVzdD4%3D&RelayState=h"
    context.close()


def test_focus_goes_to_the_errors(chromium: Browser, gallery: str) -> None:
    """The summary has the focus, its link leads to the field, what was typed is there."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{gallery}/home-error")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.click(".error-summary a")
    assert page.evaluate("document.activeElement.id") == "email"
    assert page.input_value("#email") == "gerda@"
    assert page.title().startswith("Error: ")
    context.close()


def test_reference_is_copied(chromium: Browser, gallery: str) -> None:
    """The copy button appears with scripts, and copies the reference."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{gallery}/error/partner_failed")
    page.click("[data-copy]")
    page.wait_for_function("document.querySelector('[data-copy]').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == "7KQ4-M2XT-9RZB"
    context.close()


def test_double_click_sends_once(chromium: Browser, gallery: str) -> None:
    """A form in a hurry is sent once, and again after Back."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{gallery}/invitation")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    with page.expect_navigation():
        page.dblclick("[data-primary]")
    page.wait_for_load_state("networkidle")
    assert len(posts) == 1
    assert page.get_attribute("main", "data-page") == "invitation"  # SC-04: a form of ours passes, although we send no Referer
    context.close()


def test_a_download_leaves_the_form_usable(chromium: Browser, gallery: str) -> None:
    """A download loads no page, so the form is not spent: it downloads again, and sends itself."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{gallery}/admin-application-new-ready")
    posts: list[str] = []

    def answer(route: Route) -> None:
        posts.append(route.request.post_data or "")
        route.fulfill(body="name: Expenses", headers={"Content-Disposition": "attachment; filename=expenses.yaml"})

    page.route(lambda url: url.endswith("/admin-application-new-ready"), answer)
    for _ in range(2):
        with page.expect_download():
            page.click("button[name=download]")
    with page.expect_download():
        page.click("main [data-primary]")
    assert ["download=yes" in post for post in posts] == [True, True, False]
    context.close()


def test_language_is_chosen_and_kept(chromium: Browser, gallery: str) -> None:
    """The link changes the page's language, and the next page remembers it."""
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{gallery}/invitation")
    page.click("a[hreflang=nl]")
    assert page.inner_text("h1") == "Contoso nodigt je uit voor Payroll"
    page.goto(f"{gallery}/sign-out")
    assert page.inner_text("h1") == "Wil je je afmelden?"
    context.close()
