"""The main journey of each role in Chromium, over a real broker: by keyboard alone, with and without scripts, at both widths in both schemes.

Issue 15: no violation of axe-core, nothing in the console, nothing that scrolls sideways. Pictures are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from broker.demo.cast import ALICE, BOB, GUS
from broker.demo.home import LEDGER
from broker.demo.identity import Account
from tests.browser.stage import AUDITOR, FITS, FOCUSED, HELP_DESK, INVITER, Stage, arrives, complaints, walk
from tests.browser.test_gallery import LOOKS, SIZES, SMALL_TARGETS

pytestmark = pytest.mark.whole
STOPS = 120  # of the Tab key on one page

OpenContext = Callable[..., BrowserContext]


@dataclass(frozen=True)
class Role:
    """email: of the member of staff; "" for a guest. pages: paths that the role works on. journey: from the first of them, by keyboard."""

    email: str
    pages: tuple[str, ...]
    journey: Callable[[Page, Stage], None]


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the element is focused; every stop on the way has a visible focus and is in view."""
    page.wait_for_selector(wanted)
    before = ""
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        assert not now["body"], f"the focus left {page.url} before {wanted}"
        assert now["visible"] or now["what"] == before, f"no visible focus: {now}"  # the parts of a date field show their own
        before = now["what"]
        assert now["inside"], f"focused, but out of view: {now}"
        if page.locator(f"{wanted}:focus").count():
            return
    raise AssertionError(f"{wanted} is not reached by Tab on {page.url}")


def follow(page: Page, wanted: str, name: str) -> None:
    """Tab to it, Enter, and the page called `name`."""
    tab_to(page, wanted)
    page.keyboard.press("Enter")
    arrives(page, name)


def invites(page: Page, stage: Stage) -> None:
    """From the list: add a guest, by address alone."""
    person = stage.person("Nils New")
    follow(page, "main a[data-primary]", "admin-guest-new")
    tab_to(page, "#email")
    page.keyboard.type(person.email)
    follow(page, "button[data-primary]", "admin-guest")
    assert person.email in page.inner_text("main")


def owner_adds(page: Page, stage: Stage) -> None:
    """On the page of the own application: a guest with access to it."""
    person = stage.person("Olga Own")
    follow(page, f"a[href$='/admin/guests/new?application={LEDGER}']", "admin-guest-new")
    tab_to(page, "#email")
    page.keyboard.type(person.email)
    follow(page, "button[data-primary]", "admin-guest")
    assert "Ledger" in page.inner_text("main")


def group_owner_adds(page: Page, stage: Stage) -> None:
    """In the one group: a guest who is here already."""
    person = stage.person("Greta Group")
    stage.invite(person)
    follow(page, "main table a", "admin-group")
    tab_to(page, "#email")
    page.keyboard.type(person.email)
    tab_to(page, "button[data-primary]")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"main :text('{person.email}')")


def help_desk_looks(page: Page, stage: Stage) -> None:
    """A guest is found by address; the acts of the role are there, and no other."""
    person = stage.person("Hugo Help")
    stage.invite(person)
    page.reload()
    tab_to(page, "#q")
    page.keyboard.type(person.email)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")
    follow(page, "main tbody th a", "admin-guest")
    text = page.inner_text("main")
    assert "Send the invitation again" in text
    assert "Delete" not in text


def auditor_verifies(page: Page, _stage: Stage) -> None:
    """The record is verified from the list; the auditor adds nobody."""
    follow(page, "main a[href*='/admin/audit/verify']", "admin-audit-verify")
    page.goto(page.url.partition("/admin")[0] + "/admin/guests")
    assert page.locator("main a[data-primary]").count() == 0


def guest_looks(page: Page, _stage: Stage) -> None:
    """From the applications to the own account, and to the sign-in methods."""
    follow(page, "header a[href$='/account']", "account")
    follow(page, "main a[href$='/account/methods']", "account-methods")


ROLES: dict[str, Role] = {
    "administrator": Role(
        ALICE.email,
        ("/admin/guests", "/admin", "/admin/applications", "/admin/partners", "/admin/policies", "/admin/audit", "/admin/roles"),
        invites,
    ),
    "application-owner": Role(BOB.email, (f"/admin/applications/{LEDGER}", "/admin", "/admin/requests"), owner_adds),
    "group-owner": Role(GUS.email, ("/admin/groups", "/admin"), group_owner_adds),
    "guest-inviter": Role(INVITER, ("/admin/guests", "/admin", "/admin/guests/import"), invites),
    "help-desk": Role(HELP_DESK, ("/admin/guests", "/admin/sign-ins"), help_desk_looks),
    "auditor": Role(AUDITOR, ("/admin/audit", "/admin/sign-ins", "/admin/roles"), auditor_verifies),
    "guest": Role("", ("/apps", "/account", "/account/methods"), guest_looks),
}


def signed_in(page: Page, stage: Stage, role: Role) -> list[str]:
    """The person of the role in this browser, at the first page; and what the console says from now on."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and message.location["url"].startswith(
            stage.url
        ):  # a partner's pages are its own
            said.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    if role.email == GUS.email and not any("Oslo project" in str(one) for one in stage.cast.broker.ask("groups", "list")):
        stage.cast.broker.ask("groups", "create", "Oslo project", "--owner", GUS.email)
    person: Account = stage.staff(role.email) if role.email else stage.person("Gina Guest")
    if role.email:
        page.goto(stage.url + role.pages[0])
        walk(page, person, stop=_name(role))
    else:
        page.goto(stage.invite(person))
        walk(page, person)
        page.goto(stage.url + role.pages[0])
    return said


def _name(role: Role) -> str:
    """The first page's name."""
    return {"applications/ledger": "admin-application"}.get(
        role.pages[0].removeprefix("/admin/"), f"admin-{role.pages[0].rpartition('/')[2]}"
    )


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
@pytest.mark.parametrize("name", ROLES)
def test_the_journey_by_keyboard(open_context: OpenContext, stage: Stage, name: str, *, scripts: bool) -> None:
    """Tab, typing and Enter alone, with scripts on a wide screen and without them on a phone."""
    role = ROLES[name]
    page = open_context(java_script_enabled=scripts, viewport=SIZES["desk" if scripts else "phone"]).new_page()
    said = signed_in(page, stage, role)
    role.journey(page, stage)
    assert said == []


@pytest.mark.parametrize("name", ROLES)
def test_the_pages_of_a_role(open_context: OpenContext, stage: Stage, journeys: Path, name: str) -> None:
    """At 390 and 1280 px, light and dark: accessible, with targets of 44 px, without sideways scrolling, and nothing in the console."""
    role = ROLES[name]
    page = open_context().new_page()
    said = signed_in(page, stage, role)
    for path in role.pages:
        page.goto(stage.url + path)
        for size, scheme in LOOKS:
            page.set_viewport_size(SIZES[size])
            page.emulate_media(color_scheme=scheme)
            place = path.strip("/").replace("/", "-")
            page.screenshot(path=journeys / f"role-{name}-{place}.{size}.{scheme}.png", full_page=True)
            assert complaints(page) == []
            assert page.evaluate(FITS), (path, size)
            assert page.evaluate(SMALL_TARGETS) == []
        page.set_viewport_size({"width": 320, "height": 256})
        assert page.evaluate(FITS), (path, "400 %")
    assert said == []
