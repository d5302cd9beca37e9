"""The main journeys in Chromium, over a real broker: keyboard, no scripts, languages, tabs, Back, sign-out (issue 4, pages.md)."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page

from tests.browser.stage import Stage, arrives, examine, name_of, press, tab_to, walk

PHONE = {"width": 390, "height": 844}
OpenContext = Callable[..., BrowserContext]


def signed_in(open_context: OpenContext, stage: Stage, **options: object) -> tuple[Page, str]:
    """A browser of somebody who has just redeemed an invitation; and their name."""
    person = stage.person()
    page = open_context(**options).new_page()
    page.goto(stage.invite(person))
    walk(page, person)
    return page, person.name


# --- the invitation ---------------------------------------------------------------------------------------------------


def test_invitation_by_keyboard_on_a_phone(open_context: OpenContext, stage: Stage) -> None:
    """Link, landing page, partner, consent, application: Tab and Enter only; each page says what it must (pages.md)."""
    person = stage.person("Gerda Guest")
    page = open_context(viewport=PHONE, has_touch=True).new_page()
    page.goto(stage.invite(person, "--message", "See you on Monday"))
    assert urlsplit(page.url).path == "/invitation"  # the ticket is not in the address any more
    examine(page)
    assert page.inner_text("h1") == "Contoso invites you to Payroll"
    assert "You will sign in at Fabrikam, with your Fabrikam password. Contoso never sees it." in page.inner_text("main")
    assert "See you on Monday" in page.inner_text("main")
    assert page.inner_text("[data-primary]") == "Continue to Fabrikam"
    tab_to(page, "[data-primary]")
    page.keyboard.press("Enter")
    arrives(page, "partner-login")
    tab_to(page, f"button[value='{person.subject}']", limit=60)
    page.keyboard.press("Enter")
    arrives(page, "review-permissions")
    examine(page)
    said = page.inner_text("main")
    assert page.inner_text("h1") == "Review and accept"
    for words in (
        "Gerda Guest",
        person.email,
        "You signed in at Fabrikam",
        "How Contoso handles your data",
        "Decline",
        "leave at any time",
    ):
        assert words in said
    stops = tab_to(page, "[data-primary]")
    assert stops == ["BUTTON Accept and continue"]  # the one clear action comes first
    page.keyboard.press("Enter")
    arrives(page, "application")
    assert page.url.startswith(stage.cast.at.payroll)
    assert f"You are signed in as {person.name}" in page.inner_text("main")


def test_declined_invitation_can_be_accepted_later(open_context: OpenContext, stage: Stage) -> None:
    """Declining shares nothing, says so, and spends nothing."""
    person = stage.person()
    page = open_context().new_page()
    link = stage.invite(person)
    page.goto(link)
    walk(page, person, stop="review-permissions")
    page.click("text=Decline")
    examine(page)
    assert page.inner_text("h1") == "You declined the invitation"
    assert stage.guest(person)["state"] == "invited"
    page.goto(link)
    walk(page, person)
    assert stage.guest(person)["state"] == "active"


# --- from the application ---------------------------------------------------------------------------------------------


def test_sign_in_without_scripts(open_context: OpenContext, stage: Stage) -> None:
    """The address is typed, wrong at first: the summary has the focus, nothing typed is lost; no script anywhere."""
    person = stage.person()
    page = open_context(java_script_enabled=False).new_page()
    page.goto(stage.invite(person))
    walk(page, person)
    page = open_context(java_script_enabled=False).new_page()
    page.goto(stage.payroll)
    arrives(page, "home-organization")
    assert page.inner_text("h1") == "Sign in to Payroll"
    assert "Contoso never sees your password." in page.inner_text("main")
    page.fill("#email", "gerda@")
    page.click("[data-primary]")
    assert page.locator(".error-summary:focus").count() == 1
    assert page.title().startswith("Error: Sign in to ")
    assert page.input_value("#email") == "gerda@"
    page.click(".error-summary a")
    assert page.locator("#email:focus").count() == 1
    page.fill("#email", person.email.upper() + " ")
    page.keyboard.press("Enter")
    arrives(page, "partner-login")
    walk(page, person)
    assert page.url.startswith(stage.cast.at.payroll)


def test_choose_partner_with_search_and_languages(open_context: OpenContext, stage: Stage) -> None:
    """The list is searched, the language follows the person over the pages; titles, lang and search text stay right."""
    page, _ = signed_in(open_context, stage)
    context = open_context()
    page = context.new_page()
    page.goto(stage.payroll)
    page.click("text=Use another organization")
    arrives(page, "choose-partner")
    assert page.inner_text("h1") == "Where do you sign in?"
    assert "There are more." in page.inner_text("main")
    page.fill("#q", "fabri")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=fabri**")
    assert page.locator(".row-button").count() == 1
    headings = {
        "nl": "Waar meld je je aan?",
        "de": "Wo melden Sie sich an?",
        "fr": "Où vous connectez-vous ?",
    }
    for language, heading in headings.items():
        page.click(f"a[hreflang={language}]")
        assert page.get_attribute("html", "lang") == language
        assert page.inner_text("h1").replace("\u202f", " ").replace("\xa0", " ") == heading
        assert page.input_value("#q") == "fabri"
        examine(page)
    page.goto(stage.payroll)
    assert page.get_attribute("html", "lang") == "fr"
    page.goto(stage.url + "/nowhere")
    assert page.get_attribute("html", "lang") == "fr"
    examine(page)
    page.goto(stage.payroll + "?ui_locales=nl")
    assert page.get_attribute("html", "lang") == "fr"  # what the person chose comes before what the application asks for


def test_unknown_organization_is_told(open_context: OpenContext, stage: Stage) -> None:
    """An address of no partner leads to a code; from there to the list, which says why; a search that finds nothing says so too."""
    page = open_context().new_page()
    page.goto(stage.payroll)
    page.fill("#email", "gerda@nowhere.example")
    page.click("[data-primary]")
    arrives(page, "email-code")
    page.click("text=Use another organization")
    arrives(page, "choose-partner")
    assert "gerda@nowhere.example" in page.inner_text("main")
    examine(page)
    page.fill("#q", "zzz")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=zzz**")
    assert "zzz" in page.inner_text("[role=status]")
    page.click("text=Use my e-mail address instead")
    arrives(page, "home-organization")
    assert page.input_value("#email") == "gerda@nowhere.example"


def test_wrong_account_then_the_right_one(open_context: OpenContext, stage: Stage) -> None:
    """Not invited -> "Use another account" -> in; the page says whom to ask."""
    stranger, guest = stage.person("Bert Stranger"), stage.person("Gerda Guest")
    page = open_context().new_page()
    page.goto(stage.invite(guest))
    walk(page, guest)
    page = open_context(viewport=PHONE).new_page()
    page.goto(stage.payroll)
    walk(page, stranger, stop="error")
    examine(page)
    assert page.get_attribute("main", "data-error") == "not_invited"
    assert stranger.email in page.inner_text("main")
    reference = page.get_attribute("main", "data-request-id")
    assert page.get_attribute(".help a", "href") == f"mailto:it@contoso.example?subject={reference}"
    tab_to(page, "[data-primary]")
    page.keyboard.press("Enter")
    arrives(page, "home-organization")
    walk(page, guest)
    assert f"signed in as {guest.name}" in page.inner_text("main")


def test_single_sign_on_asks_consent_once(open_context: OpenContext, stage: Stage) -> None:
    """The second application needs no password, consent once; the third visit needs nothing."""
    page, _ = signed_in(open_context, stage)
    page.goto(stage.travel)
    arrives(page, "review-permissions")
    examine(page)
    assert page.inner_text("h1") == "Share your details with Travel?"
    page.click("[data-primary]")
    arrives(page, "application")
    assert page.url.startswith(stage.cast.at.travel)
    page.goto(stage.travel)
    arrives(page, "application")
    page.goto(stage.payroll)
    arrives(page, "application")


# --- Back, reload, two tabs, double clicks -----------------------------------------------------------------------------


def test_back_and_reload(open_context: OpenContext, stage: Stage) -> None:
    """Back to any page of the login, reload, and on: in. Back after the end offers the application."""
    person = stage.person()
    page = open_context().new_page()
    page.goto(stage.invite(person))
    page.reload()
    press(page, "[data-primary]")
    arrives(page, "partner-login")
    page.go_back()
    arrives(page, "invitation")
    press(page, "[data-primary]")
    arrives(page, "partner-login")
    page.reload()
    page.click(f"button[value='{person.subject}']")
    arrives(page, "review-permissions")
    page.reload()
    arrives(page, "review-permissions")
    address = page.url
    page.click("[data-primary]")
    arrives(page, "application")
    page.reload()
    page.go_back()
    page.goto(address)
    assert page.get_attribute("main", "data-error") == "login_expired"
    page.click("[data-primary]")
    assert name_of(page) in ("application", "apps")


def test_two_tabs(open_context: OpenContext, stage: Stage) -> None:
    """Two sign-ins in two tabs of one browser both end in their applications."""
    person = stage.person()
    page = open_context().new_page()
    page.goto(stage.invite(person))
    walk(page, person)
    context = open_context()
    first, second = context.new_page(), context.new_page()
    first.goto(stage.payroll)
    second.goto(stage.travel)
    first.fill("#email", person.email)
    second.fill("#email", person.email)
    first.click("[data-primary]")
    second.click("[data-primary]")
    walk(second, person)
    walk(first, person)
    assert first.url.startswith(stage.cast.at.payroll)
    assert second.url.startswith(stage.cast.at.travel)


def test_double_click_on_every_primary_button(open_context: OpenContext, stage: Stage) -> None:
    """Impatience is no error: each primary button of the journey is clicked twice."""
    person = stage.person()
    page = open_context().new_page()
    posts: list[str] = []
    page.on(
        "request", lambda request: posts.append(request.url) if request.method == "POST" and stage.url in request.url else None
    )
    page.goto(stage.invite(person))
    page.dblclick("[data-primary]")
    arrives(page, "partner-login")
    page.click(f"button[value='{person.subject}']")
    page.dblclick("[data-primary]")
    arrives(page, "application")
    assert len(posts) == 2


def test_double_click_without_scripts(open_context: OpenContext, stage: Stage) -> None:
    """The same where no script holds the second press back."""
    person = stage.person()
    page = open_context(java_script_enabled=False).new_page()
    page.goto(stage.invite(person))
    page.dblclick("[data-primary]", no_wait_after=True)
    arrives(page, "partner-login")
    page.click(f"button[value='{person.subject}']")
    page.dblclick("[data-primary]", no_wait_after=True)
    arrives(page, "application")


# --- access panel and sign-out ----------------------------------------------------------------------------------------


def test_access_panel_and_sign_out(open_context: OpenContext, stage: Stage) -> None:
    """The panel lists what is open to the guest; a tile leads in; sign-out says what ended; Back shows nothing."""
    page, name = signed_in(open_context, stage)
    page.goto(stage.url + "/")
    arrives(page, "apps")
    examine(page)
    assert page.inner_text("h1") == "Your applications"
    assert name in page.inner_text("header .who")
    tiles = page.locator(".tile").all_inner_texts()
    assert "Payroll" in " ".join(tiles)
    assert "Board papers" not in " ".join(tiles)
    page.click(".tile:has-text('Payroll')")
    arrives(page, "application")
    page.goto(stage.url + "/apps")
    page.click("details.who > summary")
    page.get_by_role("button", name="Sign out").click()
    arrives(page, "signed-out")
    examine(page)
    assert page.inner_text("[data-primary]") == "Sign out at Fabrikam too"
    page.go_back()
    arrives(page, "home-organization")  # the panel is not in any cache (SC-12)
    page.goto(stage.payroll)
    arrives(page, "home-organization")


def test_sign_out_from_the_application(open_context: OpenContext, stage: Stage) -> None:
    """The application's own sign-out ends the session here; without a hint we ask first."""
    page, _ = signed_in(open_context, stage)
    page.goto(stage.cast.at.payroll)
    page.click("text=Sign out")
    arrives(page, "application-signed-out")
    page.goto(stage.payroll)
    arrives(page, "home-organization")
    page, _ = signed_in(open_context, stage)
    page.goto(stage.url + "/logout")
    arrives(page, "sign-out")
    examine(page)
    page.click("text=Stay signed in")
    arrives(page, "apps")
    page.goto(stage.url + "/logout")
    page.click("[data-primary]")
    arrives(page, "signed-out")
    assert "You're still signed in at Fabrikam" in page.inner_text("main")
    examine(page)
    page.click("text=Sign in again")
    arrives(page, "home-organization")


def test_sign_out_reaches_the_other_application(open_context: OpenContext, stage: Stage) -> None:
    """HP-55: signing out at Payroll loads Travel's frame, comes back to Payroll by itself, and Travel knows nobody any more."""
    page, _ = signed_in(open_context, stage)
    page.goto(stage.travel)
    page.click("[data-primary]")  # what Travel receives
    arrives(page, "application")
    page.goto(stage.cast.at.payroll)
    page.click("text=Sign out")
    page.wait_for_url(f"{stage.cast.at.payroll}/signed-out")
    page.goto(stage.cast.at.travel)
    assert "Nobody is signed in here" in page.inner_text("main")


def test_somebody_else_is_signed_in(open_context: OpenContext, stage: Stage) -> None:
    """IN-08: an invitation opened in another person's browser says so, and asks the partner anew."""
    page, _ = signed_in(open_context, stage)
    other = stage.person("Olga Other")
    page.goto(stage.invite(other))
    assert re.search(r"You are signed in as gerda-\d+@fabrikam.example", page.inner_text("main"))
    walk(page, other)
    assert "signed in as Olga Other" in page.inner_text("main")
