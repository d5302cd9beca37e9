"""samples/sign_up_portal with Microsoft's SDK at the demo's cast, as `make sample` starts it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.testing.guest_broker import GuestBroker, open_guest_broker
from tests.interop.installed import python_programs
from tests.interop.stage import HERE, PORTAL, peer


@dataclass
class Stage:
    """The portal's address, and the cast."""

    portal: str
    broker: GuestBroker

    def sign_up(self, email: str, name: str) -> BrowserPage:
        """Somebody fills in the form."""
        browser = Browser()
        return browser.submit(browser.get(f"{self.portal}/"), {"email": email, "name": name})


@pytest.fixture(scope="module")
def stage(folder: Path) -> Iterator[Stage]:
    """The portal as a process, with the SDK's own Python."""
    python = python_programs(PORTAL) / "python"
    with open_guest_broker(folder / "cast", {}) as broker:
        at = broker.cast.at
        settings = {
            "PORTAL": at.portal,
            "BROKER": broker.issuer,
            "LANDING": f"{at.payroll}/login",
            "CLIENT_ID": "portal",
            "CLIENT_SECRET": broker.cast.portal_secret,
            "PARTNERS": "fabrikam.example woodgrove.example",
            "PYTHONPATH": str(HERE.parent.parent),
        }
        with peer(str(python), "-m", "samples.sign_up_portal", folder=folder, **settings) as address:
            yield Stage(address, broker)


@pytest.mark.parametrize("email", ["petra@fabrikam.example", "pia@woodgrove.example"])
def test_somebody_of_a_partner_gets_an_invitation(stage: Stage, email: str) -> None:
    """The form, the mail, consent, the sign-in at the partner over OpenID Connect or SAML, and the application."""
    assert stage.sign_up(email, "Petra Partner").name == "portal-thanks"
    mail = stage.broker.next_mail(email)
    link = next(link for link in mail.links if link.startswith(stage.broker.issuer))
    person = stage.broker.person(email)
    page = person.open(link)
    assert (page.name, person.seen.count("review-permissions")) == ("application", 1), str(page)


def test_staff_answer_for_others(stage: Stage) -> None:
    """Somebody of another domain waits; Bob signs in, sees who waits and who has accepted, and invites them: he is the sponsor."""
    email = "otto@mailbox.example"
    assert stage.sign_up(email, "Otto Other").name == "portal-thanks"
    assert stage.broker.mails(email) == []
    bob = stage.broker.person("bob@contoso.example")
    page = bob.open(f"{stage.portal}/staff")
    assert page.name == "portal-staff", str(page)
    assert email in page.text
    page = bob.browser.submit(page, press="invite")
    assert "was invited" in page.text, page.text
    assert stage.broker.next_mail(email).links
    assert stage.broker.cast.broker.ask("guests", "show", email)["sponsor"] == bob.address


def test_guests_are_no_staff(stage: Stage) -> None:
    """A guest who signs in there is refused: the token says which organization they are from."""
    guest = stage.broker.guest("pavel@fabrikam.example")
    page = guest.open(f"{stage.portal}/staff")
    assert (page.status, "for staff" in page.text) == (403, True), str(page)


def test_the_public_page_says_the_same_in_every_case(stage: Stage) -> None:
    """A blocked guest, somebody new and somebody of another domain see one page: the form does not say who is a guest."""
    blocked = stage.broker.guest("paul@fabrikam.example").address
    stage.broker.cast.broker.run("guests", "block", blocked)
    pages = [stage.sign_up(email, "Somebody").text for email in (blocked, "new@fabrikam.example", "x@elsewhere.example")]
    assert len(set(pages)) == 1
