"""An invitation that a real person finishes, whatever happens on the way: over OIDC and over SAML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.demo.identity import Account
from broker.demo.person import DemoPerson
from broker.services.invitations.invitations import IssuedInvitation
from broker.storage.tables import identities, invitations, people
from tests.journeys.saml_world import WANDA, WILL, saml_world
from tests.journeys.world import ADA, BO, World


@dataclass
class Scene:
    """A world, the guest who is invited, and a colleague of the same home organization."""

    world: World
    guest: Account
    colleague: Account
    accounts: dict[str, Account]
    saml: bool

    def invite(self) -> IssuedInvitation:
        """The guest's invitation."""
        return self.world.invite(self.guest.email)

    def visitor(self, person: Account | None = None, browser: Browser | None = None) -> DemoPerson:
        """Somebody with a browser, a new one if none is given."""
        who = self.world.visitor(person or self.guest)
        if browser is not None:
            who.browser = browser
        return who

    def redeem(self, who: DemoPerson, invited: IssuedInvitation) -> BrowserPage:
        """From the link to the end."""
        return who.open(invited.redeem_url, stop_at=self.world.callback)

    def until(self, page: str, who: DemoPerson, invited: IssuedInvitation) -> BrowserPage:
        """From the link to a page that is not answered."""
        who.halt_at = (page,)
        found = self.redeem(who, invited)
        who.halt_at = ()
        assert found.name == page
        return found

    def landed(self, page: BrowserPage) -> bool:
        """Whether this is where the invitation leads."""
        return page.location == f"{self.world.callback}/home"

    def bound(self) -> list[str]:
        """The address of the person of every identity."""
        with self.world.broker.core.db.read() as tx:
            joined = select(people.c.email).join(identities, people.c.id == identities.c.person_id)
            return sorted(tx.execute(joined).scalars())

    def status(self, invited: IssuedInvitation) -> str:
        """What became of the invitation."""
        with self.world.broker.core.db.read() as tx:
            found = tx.execute(select(invitations.c.status).where(invitations.c.id == invited.invitation.id))
            return str(found.scalar_one())


@pytest.fixture(params=["oidc", "saml"])
def scene(request: pytest.FixtureRequest, world: World) -> Iterator[Scene]:
    """The same person's day, whatever the home organization speaks."""
    if request.param == "oidc":
        yield Scene(world, ADA, BO, world.partners["fabrikam"].accounts, saml=False)
        return
    with saml_world(world) as added:
        added.file()
        yield Scene(world, WANDA, WILL, added.idp.accounts, saml=True)


def test_mail_scanner(scene: Scene) -> None:
    """IN-07: whoever follows every link of the mail first, also twenty times, spends nothing and starts no sign-in."""
    invited = scene.invite()
    before = scene.world.counts()
    for _ in range(20):
        assert Browser(clock=scene.world.clock).get(invited.redeem_url).name == "invitation"
    assert scene.world.counts() == before
    assert scene.landed(scene.redeem(scene.visitor(), invited))


def test_forwarded_mail(scene: Scene) -> None:
    """IN-01: a colleague to whom the mail was passed on is stopped; the guest still gets in, with the same link."""
    invited = scene.invite()
    other = scene.visitor(scene.colleague)
    assert scene.world.refuse_mailbox(other, scene.redeem(other, invited)).error == "invitation_mismatch"
    assert (scene.bound(), scene.status(invited)) == ([], "pending")
    assert scene.landed(scene.redeem(scene.visitor(), invited))


def test_wrong_account_then_the_right_one(scene: Scene) -> None:
    """IN-08, AL-06: signed in at home as somebody else: "use another account" on the page leads to the end."""
    invited = scene.invite()
    wrong = scene.visitor(scene.colleague)
    page = scene.world.refuse_mailbox(wrong, scene.redeem(wrong, invited))
    assert page.error == "invitation_mismatch"
    right = scene.visitor(browser=wrong.browser)
    assert scene.landed(right.walk(wrong.browser.proceed(page), stop_at=scene.world.callback))
    assert scene.bound() == [scene.guest.email]


def test_browser_of_another_guest(scene: Scene) -> None:
    """IN-08: the browser is signed in as a colleague: the page names him, asks at home anew, and attaches nothing to him."""
    colleague = scene.visitor(scene.colleague)
    scene.world.redeem(colleague, scene.world.invite(scene.colleague.email))
    invited = scene.invite()
    page = colleague.browser.get(invited.redeem_url)
    assert scene.colleague.email in page.text
    assert scene.landed(scene.visitor(browser=colleague.browser).walk(page, stop_at=scene.world.callback))
    assert scene.bound() == sorted([scene.guest.email, scene.colleague.email])


def test_other_device(scene: Scene) -> None:
    """IN-09: begun on the telephone, finished at the desk; the telephone, still open, ends well too."""
    invited = scene.invite()
    phone, desk = scene.visitor(), scene.visitor()
    waiting = scene.until("partner-login", phone, invited)
    assert scene.landed(scene.redeem(desk, invited))
    assert scene.landed(phone.walk(waiting, stop_at=scene.world.callback))  # the telephone was still open
    assert scene.bound() == [scene.guest.email]


def test_two_tabs(scene: Scene) -> None:
    """HW-13: the link opened twice in one browser; both tabs end well, whichever is finished first."""
    invited = scene.invite()
    guest = scene.visitor()
    first = scene.until("review-permissions", guest, invited)
    second = scene.until("review-permissions", guest, invited)
    assert scene.landed(guest.browser.proceed(second, stop_at=scene.world.callback))
    assert scene.landed(guest.browser.proceed(first, stop_at=scene.world.callback))
    assert scene.bound() == [scene.guest.email]


def test_back_button(scene: Scene) -> None:
    """Back from the home organization, and back from the consent page: the way forward is open each time."""
    invited = scene.invite()
    guest = scene.visitor()
    scene.until("partner-login", guest, invited)
    page = guest.browser.get(f"{scene.world.url}/invitation")  # Back, twice
    assert page.name == "invitation"
    guest.halt_at = ("review-permissions",)
    consent = guest.walk(page)
    page = guest.browser.get(f"{scene.world.url}/invitation")
    assert page.name == "invitation"
    assert guest.browser.get(consent.url).name == "review-permissions"  # and Forward
    guest.halt_at = ()
    assert scene.landed(guest.walk(page, stop_at=scene.world.callback))
    page = guest.browser.get(consent.url, stop_at=scene.world.callback)  # Back after the end
    assert scene.landed(page) or page.error == "login_expired"


def test_slow_person(scene: Scene) -> None:
    """The login ran out while the telephone was being looked for: the page leads back to the invitation, not to a dead end."""
    invited = scene.invite()
    guest = scene.visitor()
    page = scene.until("review-permissions", guest, invited)
    scene.world.clock.advance(3700)
    page = guest.browser.proceed(page)
    assert page.error == "login_expired"
    assert scene.landed(guest.again(page, stop_at=scene.world.callback))


def test_stopped_at_home(scene: Scene) -> None:
    """The person cancels at the home organization, then tries again: nothing is lost."""
    invited = scene.invite()
    guest = scene.visitor()
    page = scene.until("partner-login", guest, invited)
    page = guest.browser.submit(page, press="Cancel")
    if page.name == "partner-return":
        page = guest.browser.proceed(page)
    assert page.error == "partner_failed"
    assert scene.landed(guest.again(page, stop_at=scene.world.callback))


def test_ran_out_on_the_way(scene: Scene) -> None:
    """IN-04: the invitation ends while the person stands at the consent page: a fresh mail in one click, to the end."""
    invited = scene.invite()
    scene.world.clock.advance(30 * 86_400 - 60)
    guest = scene.visitor()
    page = scene.until("review-permissions", guest, invited)
    scene.world.clock.advance(120)
    page = guest.browser.proceed(page)
    assert page.error == "invitation_expired"
    assert guest.browser.submit(page, press="Send me a new link").name == "fresh-link"
    with scene.world.broker.core.db.read() as tx:
        assert len(tx.execute(select(invitations.c.id).where(invitations.c.status == "pending")).all()) == 1


def test_renamed_after_redemption(scene: Scene) -> None:
    """AL-09: the home organization gives the person another address; the subject stays, so does the guest (FA-18: the new address is not verified)."""
    invited = scene.invite()
    scene.redeem(scene.visitor(), invited)
    first = scene.world.sign_in(scene.visitor())
    domain = scene.guest.email.rpartition("@")[2]
    scene.accounts[scene.guest.subject] = replace(scene.guest, email=f"married@{domain}")
    again = scene.visitor()
    tokens = scene.world.sign_in(again)
    assert (tokens.claims["sub"], tokens.claims["email"]) == (first.claims["sub"], scene.guest.email)


def test_without_the_link(scene: Scene) -> None:
    """The mail was deleted: whoever signs in at the authority for the invited address finds the invitation waiting."""
    invited = scene.invite()
    guest = scene.visitor()
    page = scene.world.arrive(guest)
    assert "code" in page.query
    assert "review-permissions" in guest.seen
    assert scene.status(invited) == "redeemed"


def test_second_invitation_while_the_first_is_open(scene: Scene) -> None:
    """IN-04: invited again in the middle of it: the old page ends in words, the new link in the application."""
    first = scene.invite()
    guest = scene.visitor()
    page = scene.until("review-permissions", guest, first)
    scene.world.clock.advance(1)
    second = scene.invite()
    assert guest.browser.proceed(page).error == "invitation_expired"
    assert scene.landed(scene.redeem(guest, second))


def test_alias(scene: Scene) -> None:
    """The invited address is an alias: the home organization says another; a code to the alias finishes it, and it counts as proven."""
    domain = scene.guest.email.rpartition("@")[2]
    alias = f"first.last@{domain}"
    invited = scene.world.invite(alias)
    guest = scene.visitor()
    guest.read_code = lambda: scene.world.code(alias)
    assert scene.landed(scene.redeem(guest, invited))
    assert "email-code" in guest.seen
    with scene.world.broker.core.db.read() as tx:
        person = tx.execute(select(people.c.email, people.c.email_verified)).one()
    assert tuple(person) == (alias, True)
    again = scene.visitor()  # from now on the identity alone is enough
    assert scene.world.sign_in(again).claims["email"] == alias
    assert "email-code" not in again.seen


def test_renamed_before_redemption(scene: Scene) -> None:
    """Married between invitation and redemption: the old mailbox still reads, and proves who was invited."""
    invited = scene.invite()
    domain = scene.guest.email.rpartition("@")[2]
    scene.accounts[scene.guest.subject] = replace(scene.guest, email=f"married@{domain}")
    guest = scene.visitor()
    guest.read_code = lambda: scene.world.code(scene.guest.email)
    assert scene.landed(scene.redeem(guest, invited))
    assert scene.bound() == [scene.guest.email]


def test_alias_without_its_mailbox(scene: Scene) -> None:
    """The alias is gone: the sponsor says who it was, and the person comes in with the same link (AL-04)."""
    domain = scene.guest.email.rpartition("@")[2]
    alias = f"gone@{domain}"
    invited = scene.world.invite(alias, sponsor="bob@contoso.example")
    guest = scene.visitor()
    assert scene.world.refuse_mailbox(guest, scene.redeem(guest, invited)).error == "invitation_mismatch"
    link = next(link for link in scene.world.mails("bob@contoso.example")[0].links if "/question/" in link)
    sponsor = Browser(clock=scene.world.clock)
    assert sponsor.proceed(sponsor.get(link)).name == "question-answered"
    assert scene.landed(scene.redeem(guest, invited))
    assert scene.bound() == [alias]
