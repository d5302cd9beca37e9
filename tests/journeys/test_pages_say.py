"""What pages say and offer at the places where people were left alone: names, ways back, another language (FD-01 to FD-15)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.storage.tables import metadata
from tests.journeys.second_factor import enrol, essential
from tests.journeys.world import ADA, BO, World, partner_file

GWEN = "gwen@adatum.example"
TERMS = "# Terms\n\n1. Be kind.\n2. Be brief.\n\n- a\n- b\n"


def plain(page: BrowserPage) -> str:
    """The text without the marks of names."""
    return page.text.translate({0x2068: None, 0x2069: None}).replace("&#39;", "'")


def with_terms(world: World, text: str = TERMS) -> None:
    """Terms of use are in force, and a policy asks for them everywhere."""
    path = world.home / "config" / "terms.md"
    path.write_text(text, "utf-8")
    broker = (world.home / "config" / "broker.yaml").read_text("utf-8")
    world.write(
        "policies/terms.yaml",
        "name: Terms\nstate: enabled\nusers: {include: {guests: all}}\ngrant: {require: [terms_of_use]}\n",
    )
    world.write("broker.yaml", broker + "terms_of_use: {version: 2026-01, file: config/terms.md}\n")


def test_fd_01_a_guest_without_an_organization_reads_how_they_signed_in(world: World) -> None:
    """Not "You signed in at ."."""
    who = world.mailbox(GWEN)
    who.halt_at = ("review-permissions",)
    page = who.open(world.invite(GWEN).redeem_url)
    assert page.name == "review-permissions"
    assert "You signed in at" not in page.text
    assert "You signed in with a code that we sent you by e-mail." in page.text


def cancelled(world: World, who: DemoPerson) -> BrowserPage:
    """The home organization sends the browser back with access_denied."""
    page = who.browser.get(world.request(login_hint=ADA.email)[0], stop_at=world.partners["fabrikam"].issuer)
    back = f"{world.url}/oidc/fabrikam/callback?"
    return who.browser.get(back + urlencode({"state": page.query["state"], "error": "access_denied"}))


def test_fd_02_cancel_at_home_is_no_fault_of_the_organization(world: World) -> None:
    """The page says who cancelled where; Continue leads there again, Back to the application."""
    page = cancelled(world, world.visitor())
    assert "You cancelled the sign-in at Fabrikam" in plain(page)
    assert page.error == "partner_failed"
    assert "could not be reached" not in page.text
    assert "couldn't be reached" not in plain(page)
    assert page.document.primary_link is not None
    who = world.visitor()
    page = cancelled(world, who)
    back = who.browser.submit(page, press="Back to the application", stop_at=world.callback)
    assert back.query["error"] == "access_denied"


def test_fd_03_numbered_terms_stay_numbered(world: World) -> None:
    """A list that counts is an ordered list, one that does not is none."""
    with_terms(world)
    page = at_terms(world, world.visitor())
    assert page.text.count("<ol>") == 1
    assert "<li>Be kind.</li>" in page.text


def at_terms(world: World, who: DemoPerson) -> BrowserPage:
    """The terms, at the end of an invitation."""
    who.halt_at = ("terms-of-use",)
    page = who.open(world.invite().redeem_url)
    assert page.name == "terms-of-use"
    return page


def test_fd_04_terms_can_be_declined_everywhere(world: World) -> None:
    """At the end of an invitation and before one's own page: an end that says what happened, and a way to begin again."""
    with_terms(world)
    who = world.visitor()
    page = who.browser.submit(at_terms(world, who), press="Decline")
    assert (page.status, page.name) == (200, "declined")
    assert "You did not sign in" in page.text
    page = who.browser.proceed(page)
    assert page.name in ("terms-of-use", "home-organization", "review-permissions")


def test_fd_06_the_organization_used_last_comes_first(world: World) -> None:
    """Who comes back presses one button; an address that is typed counts all the same."""
    who = world.visitor()
    world.redeem(who)
    browser = who.browser
    browser.submit(browser.get(world.url + "/apps"), press="Sign out")
    page = browser.get(world.request()[0])
    assert page.name == "home-organization"
    assert "Continue to Fabrikam" in plain(page)
    sent = browser.submit(page, stop_at=world.partners["fabrikam"].issuer)
    assert (sent.location or "").startswith(world.partners["fabrikam"].issuer) or sent.url.startswith(
        world.partners["fabrikam"].issuer
    )
    page = browser.get(world.request()[0])
    sent = browser.submit(page, {"email": "nora@northwind.example"}, stop_at=world.partners["northwind"].issuer)
    assert (sent.location or sent.url).startswith(world.partners["northwind"].issuer)


def test_fd_06_a_used_invitation_leads_to_the_applications(world: World) -> None:
    """The way in is the purpose; a new link is a quiet button."""
    who, invited = world.visitor(), world.invite()
    world.redeem(who, invited)
    page = who.browser.get(invited.redeem_url)
    assert page.error == "invitation_used"
    assert (page.document.primary_link or "").endswith("/apps")
    assert who.browser.submit(page, press="Send me a new link").name == "fresh-link"


def test_fd_06_signing_out_at_home_is_offered(world: World) -> None:
    """Where the home organization names the address, its sign-out is the page's purpose."""
    who = world.visitor()
    world.redeem(who)
    page = who.browser.submit(who.browser.get(world.url + "/apps"), press="Sign out")
    assert page.name == "signed-out"
    assert "You're still signed in at Fabrikam" in plain(page)
    there = who.browser.submit(page, stop_at=world.partners["fabrikam"].issuer)
    assert there.query["client_id"] == "contoso"


def test_fd_08_the_consent_page_has_a_title_of_its_own(world: World) -> None:
    """The invitation and the page after it are told apart in a list of tabs."""
    who = world.visitor()
    who.halt_at = ("review-permissions",)
    invited = world.invite()
    first = who.browser.get(invited.redeem_url).document.title
    page = who.open(invited.redeem_url)
    assert (first, page.document.title) == ("Contoso invites you to Payroll - Contoso", "Review and accept - Contoso")
    assert "Contoso invites you to Payroll." in plain(page)


def test_fd_09_code_fields_have_the_focus_and_digits(world: World) -> None:
    """The app's code is typed at once on a keypad; recovery codes have a field for letters."""
    who = world.visitor()
    world.redeem(who)
    enrol(world, who, world.arrive(who, **essential()))
    other = world.visitor()
    page = world.arrive(other, login_hint=ADA.email, **essential())
    assert page.name == "mfa-challenge"
    assert 'inputmode="numeric"' in page.text
    assert "autofocus" in page.text
    page = other.browser.follow(page, "Use a recovery code")
    assert page.name == "mfa-challenge"
    assert 'inputmode="text"' in page.text


@pytest.mark.parametrize(
    "path", ["/nothing-here", "/invitation/" + "x" * 43, "/oidc/fabrikam/callback?state=x&code=y", "/question/x"]
)
def test_fd_10_error_pages_change_their_language(world: World, path: str) -> None:
    """The same error under the same reference, in other words; the choice stays."""
    browser = Browser(clock=world.clock)
    page = browser.get(world.url + path)
    assert page.name == "error"
    dutch = browser.submit(page, press="Nederlands")
    assert (dutch.status, dutch.error, dutch.request_id) == (page.status, page.error, page.request_id)
    assert 'lang="nl"' in dutch.text
    assert "Referentie" in dutch.text
    french = browser.submit(dutch, press="Français")
    assert (french.error, french.request_id) == (page.error, page.request_id)
    assert 'html lang="fr"' in browser.get(world.url + "/").text


def test_fd_10_answers_to_a_post_change_their_language(world: World) -> None:
    """A wrong address, and the page after signing out: no second POST of the act is needed."""
    who = world.visitor()
    page = who.browser.get(world.request()[0])
    wrong = who.browser.submit(page, {"email": "ada@"})
    assert who.browser.follow(wrong, "lang=de").name == "home-organization"
    world.redeem(who)
    out = who.browser.submit(who.browser.get(world.url + "/apps?lang=en"), press="Sign out")
    assert "Je bent afgemeld" in who.browser.submit(out, press="Nederlands").text


def test_fd_10_only_pages_of_ours_come_back(world: World) -> None:
    """What was changed, made elsewhere, sent by another site or is an hour old is refused."""
    browser = Browser(clock=world.clock)
    page = browser.get(world.url + "/nothing-here")
    sealed = next(item.value for form in page.document.forms for item in form.fields if item.name == "page")
    send = f"{world.url}/language?lang=nl"
    for text in ("", "x", sealed[:-2] + "AA", sealed.replace("s1.", "s2.", 1)):
        assert browser.post(send, {"page": text}, opener=page).error == "bad_request"
    foreign = Browser(clock=world.clock, headers={"Origin": "https://evil.example"})
    assert foreign.post(send, {"page": sealed}).status == 403
    assert browser.post(send, {"page": sealed}, opener=page).status == 404
    world.clock.advance(3600)
    assert browser.post(send, {"page": sealed}, opener=page).error == "bad_request"


def test_fd_14_a_refusal_names_the_application(world: World) -> None:
    """Not assigned, and blocked by a policy."""
    who = world.visitor()
    world.redeem(who)
    text = (world.home / "config" / "applications" / "travel.yaml").read_text("utf-8")
    world.write("applications/travel.yaml", text + "assignment_required: true\n")
    page = world.arrive(who, world.travel)
    assert "You don't have access to Travel yet" in plain(page)
    world.write(
        "policies/no.yaml",
        "name: Nobody\nstate: enabled\nusers: {include: {guests: all}}\napplications: {include: [payroll]}\ngrant: {block: true}\n",
    )
    page = world.arrive(who)
    assert "blocked your sign-in to Payroll" in plain(page)


def test_fd_14_a_hidden_partner_is_not_listed(world: World) -> None:
    """Neither in the list nor by searching; its people are led there by their address, and find it where they used it."""
    issuer = world.partners["northwind"].issuer
    world.write("partners/northwind.yaml", partner_file("Northwind", "northwind.example", issuer, more="hidden: true\n"))
    browser = Browser(clock=world.clock)
    page = browser.follow(browser.get(world.request()[0]), "Use another organization")
    assert ("Fabrikam" in page.text, "Northwind" in page.text) == (True, False)
    assert "Northwind" not in browser.get(page.url + "?q=north").text.replace("north", "")
    page = browser.get(world.request()[0])
    sent = browser.submit(page, {"email": "nora@northwind.example"}, stop_at=issuer)
    assert (sent.location or sent.url).startswith(issuer)


def test_fd_14_strangers_read_nothing_of_what_is_shared(world: World) -> None:
    """Who has not signed in reads where they sign in, and no more."""
    browser = Browser(clock=world.clock)
    page = browser.get(world.request()[0])
    assert "shares" not in page.text
    assert "shares" not in browser.follow(page, "Use another organization").text
    assert "shares" not in browser.submit(page, {"email": GWEN}).text


def test_fd_15_the_challenge_before_ones_own_page_has_a_way_back(world: World) -> None:
    """Cancel leads back to the methods where they were open, else to an end with a new beginning."""
    who = world.visitor(BO)
    world.redeem(who, world.invite(BO.email))
    enrol(world, who, world.arrive(who, **essential()))
    world.clock.advance(3600)
    page = who.open(f"{world.url}/account/methods")
    assert page.name == "account-methods"
    asked = who.browser.submit(page, press="Create new codes")
    assert asked.name == "mfa-challenge"
    assert who.browser.submit(asked, press="Cancel").name == "account-methods"


def test_fd_07_sessions_say_browser_system_and_time(both: World) -> None:
    """Words of ours, not the header: nothing of it is stored."""
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0 secret-build-77"
    who = both.visitor(headers={"User-Agent": agent})
    both.redeem(who)
    page = who.open(f"{both.url}/account")
    assert "Firefox on Windows" in page.text
    assert "This browser" in page.text
    assert "UTC" in page.text
    with both.broker.core.db.read() as tx:
        for table in metadata.sorted_tables:
            for row in tx.execute(select(table)).all():
                assert "secret-build-77" not in repr(row), table.name
                assert "Gecko" not in repr(row), table.name
    mail = both.mailbox(GWEN)
    both.redeem(mail, both.invite(GWEN))
    assert "Signed in with a code by e-mail" in mail.open(f"{both.url}/account").text


def test_fd_11_one_frame_for_ones_own_pages(world: World) -> None:
    """The applications, the account and the sign-in methods offer the same places and one way out."""
    who = world.visitor()
    world.redeem(who)
    pages = [who.open(f"{world.url}{path}") for path in ("/apps", "/account", "/account/methods")]
    assert [page.name for page in pages] == ["apps", "account", "account-methods"]
    own = ("/apps", "/account", "/account/methods")
    for page in pages:
        links = [href for _, href in page.document.links if href in own]
        assert tuple(dict.fromkeys(links))[:3] == own
    assert all(any(form.action == "/apps/sign-out" for form in page.document.forms) for page in pages)
