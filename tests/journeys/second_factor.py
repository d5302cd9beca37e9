"""A phone for the journeys: an authenticator app that reads what the pages show."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pyotp

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from tests.clock import Clock
from tests.journeys.world import ADA, World

SFA, MFA, PHR = "https://refeds.org/profile/sfa", "https://refeds.org/profile/mfa", "phr"
PAGES = ("mfa-challenge", "mfa-enroll", "recovery-codes", "terms-of-use")


def essential(*values: str) -> dict[str, str]:
    """Parameters of a request that insists on one of these acr values (Core 5.5.1.1)."""
    return {"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": list(values or (MFA,))}}})}


@dataclass
class Phone:
    """secret: base32, as the page showed it. codes: the recovery codes that were shown."""

    clock: Clock
    secret: str = ""
    codes: list[str] = field(default_factory=list)

    def code(self, drift: int = 0) -> str:
        """What the app shows now, or so many steps before or after."""
        return pyotp.TOTP(self.secret).generate_otp(self.clock() // 30 + drift)

    def read(self, page: BrowserPage) -> None:
        """Scan the page `mfa-enroll`."""
        assert page.name == "mfa-enroll", page
        link = next(href for _, href in page.document.links if href.startswith("otpauth://totp/"))
        self.secret = page.document.codes[0]
        assert pyotp.parse_uri(link).secret == self.secret


def by_mailbox(world: World, who: DemoPerson, page: BrowserPage, address: str = ADA.email) -> BrowserPage:
    """Where more than a password is expected of a person, a code to the recorded mailbox stands before the first method (FA-05)."""
    assert page.name == "email-code", page
    return who.browser.submit(page, {"code": world.code(address)}, stop_at=world.callback)


def enrol(world: World, who: DemoPerson, page: BrowserPage, *, stop_at: str | None = None) -> tuple[Phone, BrowserPage]:
    """From `mfa-enroll` through `recovery-codes` to whatever is next."""
    phone = Phone(world.clock)
    phone.read(page)
    shown = who.browser.submit(page, {"code": phone.code()})
    assert shown.name == "recovery-codes", shown
    phone.codes = list(shown.document.codes)
    return phone, who.browser.submit(shown, stop_at=stop_at or world.callback)


def with_phone(world: World, who: DemoPerson) -> Phone:
    """A guest who has redeemed, and added an authenticator app; the next code is a new one."""
    world.redeem(who)
    phone, page = enrol(world, who, world.arrive(who, **essential()))
    assert "code" in page.query, page
    world.clock.advance(30)
    return phone
