"""The demo's cast for Chromium: a broker process, partners and applications, and a person who looks at every page on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from broker.demo.cast import Cast, login
from broker.demo.home import PAYROLL
from broker.demo.identity import Account
from tests.browser.gallery import LOGO, MARK, SQUARES

BOARD = "board"  # an application that is open to assigned guests only
INVITER, HELP_DESK, AUDITOR = "ina@contoso.example", "hal@contoso.example", "una@contoso.example"  # members of staff with a role
OTHERS = 40  # organizations beside the cast's, so that the list is cut and the search has work
AXE = (Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALL_TARGETS = """
[...document.querySelectorAll('button, .btn, input:not([type=hidden]), .footing a, .aside a, .tile')]
.filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)
"""
FITS = "document.documentElement.scrollWidth <= innerWidth"
FOCUSED = """
() => {
  const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
  const outlined = s.outlineStyle === 'auto' || s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
  return {what: e.tagName + ' ' + (e.name || e.textContent.trim()), top: r.top + scrollY, left: r.left, primary: 'primary' in e.dataset,
          visible: outlined || s.boxShadow !== 'none', inside: r.top >= 0 && r.bottom <= innerHeight + 1 && r.right <= innerWidth + 1,
          body: e === document.body};
}
"""


@dataclass(slots=True)
class Stage:
    """The cast, and people that each test makes for itself."""

    cast: Cast
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        """The broker's address."""
        return self.cast.at.broker

    @property
    def payroll(self) -> str:
        """Where one begins to sign in to Payroll."""
        return login(self.cast.at.payroll)

    @property
    def travel(self) -> str:
        """Where one begins to sign in to Travel."""
        return login(self.cast.at.travel)

    def person(self, name: str = "Gerda Guest", partner: str = "fabrikam") -> Account:
        """Somebody new at a partner, whom nobody has invited."""
        number = next(self._numbers)
        email = f"{name.split(maxsplit=1)[0].lower()}-{number}@{partner}.example"
        account = Account(subject=f"browser-{number}", name=name, email=email)
        self.cast.partners[partner].accounts[account.subject] = account
        return account

    def staff(self, email: str) -> Account:
        """A member of staff, who signs in at the company's own partner."""
        known = self.cast.partners["staff"].accounts
        held = next((account for account in known.values() if account.email == email), None)
        account = held or Account(subject=f"staff-{email}", name=f"{email.partition('@')[0].title()} Contoso", email=email)
        known[account.subject] = account
        return account

    def invite(self, person: Account, *more: str) -> str:
        """The link of an invitation to Payroll."""
        words = ("--name", person.name, *more)
        return str(self.cast.broker.invite(person.email, PAYROLL, self.payroll, *words)["redeem_url"])

    def guest(self, person: Account) -> dict[str, Any]:
        """What `broker guests show` says."""
        found: dict[str, Any] = self.cast.broker.ask("guests", "show", person.email)
        return found

    @contextlib.contextmanager
    def fault(self, name: str, partner: str = "fabrikam") -> Iterator[None]:
        """A partner that gets something wrong for a while."""
        self.cast.partners[partner].fault = name
        try:
            yield
        finally:
            self.cast.partners[partner].fault = "none"


def open_stage(home: Path) -> Iterator[Stage]:
    """Start everybody; a company with logos, many partners and one application for assigned guests."""
    cast = Cast(home, 0)
    config = cast.home / "config"
    (config / "brand" / "partners").mkdir(parents=True)
    (config / "brand" / "logo.svg").write_text(LOGO.format("#1d5fa8", MARK), "utf-8")
    (config / "brand" / "partners" / "fabrikam.svg").write_text(LOGO.format("#b3541e", SQUARES), "utf-8")
    (config / "applications" / f"{BOARD}.yaml").write_text(
        f"name: Board papers\nredirect_uris: ['{cast.at.travel}/callback']\nlaunch_url: {cast.at.travel}/\nassignment_required: true\n", "utf-8"
    )  # fmt: skip
    with (config / "broker.yaml").open("a", encoding="utf-8") as stream:
        stream.write(f"roles: {{guest_inviters: [{INVITER}], help_desk: [{HELP_DESK}], auditors: [{AUDITOR}]}}\n")
    for number in range(1, OTHERS + 1):
        (config / "partners" / f"company-{number:02}.yaml").write_text(
            f"name: Company {number:02}\ndomains: [company-{number:02}.example]\n"
            f"oidc: {{issuer: 'http://127.0.0.8:9/{number}', client_id: contoso, client_secret: a-long-secret-0123456789-abcdefgh}}\n",
            "utf-8",
        )
    with cast:
        yield Stage(cast)


def name_of(page: Page) -> str:
    """Which page this is; "" for one that is nobody's."""
    main = page.locator("main").first
    return (main.get_attribute("data-page") or "") if main.count() else ""


def walk(
    page: Page, person: Account, *, stop: str = "application", at_each: Callable[[Page], None] = lambda _: None, limit: int = 12
) -> Page:
    """Answer the pages as this person, with the mouse, until the page called `stop`. at_each: looks at every page of the broker."""
    for _ in range(limit):
        page.wait_for_load_state()
        here = name_of(page)
        if not here.startswith(("partner-", "application")):
            at_each(page)
        if here == stop:
            return page
        if here == "partner-login":
            press(page, f"button[value='{person.subject}']")
        elif here == "home-organization":
            page.fill("#email", person.email)
            press(page, "[data-primary]")
        elif here in ("invitation", "review-permissions"):
            press(page, "[data-primary]")
        elif here == "email-code":
            press(page, "form[action$='code/decline'] button")  # somebody else's mailbox
        else:
            raise AssertionError(f"stands at {here or page.url}, not {stop}: {page.inner_text('body')[:400]}")
    raise AssertionError(f"never came to {stop}; stands at {name_of(page)}")


def arrives(page: Page, name: str) -> None:
    """Wait until the page called `name` is there; fails if it never comes."""
    page.wait_for_selector(f"main[data-page={name}]")


def press(page: Page, what: str) -> None:
    """Click what leads to another page, and wait until that page is there."""
    with page.expect_navigation():
        page.click(what)


def examine(page: Page) -> None:
    """What every page of the broker must be: named, titled "question - company", accessible, and fit for 400 % zoom."""
    heading, title = page.inner_text("h1"), page.title()
    marks = str.maketrans("", "", "\u2068\u2069")
    assert title.translate(marks).endswith(f"{heading.translate(marks)} - Contoso"), title
    assert page.locator("h1").count() == 1
    assert page.get_attribute("html", "lang"), "no lang"
    assert page.locator("[data-primary]").count() <= 1
    assert complaints(page) == []
    assert page.evaluate(SMALL_TARGETS) == []
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 256})
    assert page.evaluate(FITS), f"{name_of(page)} scrolls sideways at 400 %"
    if size is not None:
        page.set_viewport_size(size)
    assert page.evaluate(FITS), name_of(page)


def complaints(page: Page) -> list[str]:
    """What axe-core finds: rule, and the element."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    return [f"{one['id']}: {node['html']}: {node['failureSummary']}" for one in found["violations"] for node in one["nodes"]]


def tab_to(page: Page, wanted: str, limit: int = 20) -> list[str]:
    """Press Tab until the element is focused. Every stop on the way is visible, in view, and not above the one before."""
    passed: list[str] = []
    last = -1.0
    for _ in range(limit):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        assert not now["body"], f"the focus left the page before {wanted}: {passed}"
        assert now["visible"], f"no visible focus: {now}"
        assert now["inside"], f"focused, but out of view: {now}"
        assert now["top"] >= last - 24, (
            f"the focus jumps up: {passed} then {now}"
        )  # a row of several things may be a little uneven
        passed.append(now["what"])
        last = now["top"]
        if page.locator(f"{wanted}:focus").count():
            return passed
    raise AssertionError(f"{wanted} is not reached by Tab: {passed}")
