"""The broker and its cast in the hands of a test: invite, sign in as a guest, switch a fault on, read the mailbox."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from broker.demo.cast import Cast, login
from broker.demo.home import LEDGER, PAYROLL, SAFE, TRAVEL, WOODGROVE
from broker.demo.identity import Account, IdentityProvider
from broker.demo.mailbox import ReceivedMail, read_mails
from broker.demo.person import DemoPerson
from broker.demo.saml.identity import SamlIdentityProvider

if TYPE_CHECKING:
    from playwright.sync_api import Page

_Found = TypeVar("_Found")

MAIL_SECONDS = 15.0  # that a mail may take: the broker sends it after its transaction
_CODE = 8  # digits; the subject of the mail begins with them


class NoMail(Exception):
    """A mail that a test waits for did not come. The text says whose."""


class GuestBroker:
    """A running broker with partners, applications and a mailbox. `cast` has the servers themselves.

    Partners are `fabrikam`, `northwind` and `staff` over OpenID Connect, and `woodgrove` over SAML. The people of `PARTNER.example`
    sign in there, those of `contoso.example` are the company's own staff, and everybody else gets codes by e-mail.
    """

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.issuer = cast.at.broker
        self.partners: Mapping[str, IdentityProvider | SamlIdentityProvider] = {**cast.partners, WOODGROVE: cast.woodgrove}
        self._addresses = {
            PAYROLL: cast.at.payroll,
            TRAVEL: cast.at.travel,
            LEDGER: cast.at.ledger,
            SAFE: cast.at.safe,
        }

    def login(self, application: str = PAYROLL) -> str:
        """The address at which a browser begins to sign in to `payroll`, `travel`, `ledger` or `safe`. Raises KeyError."""
        return login(self._addresses[application])

    def person(self, email: str, name: str = "") -> DemoPerson:
        """Somebody with a new browser. Their home organization knows them from now on, if it is a partner of the cast."""
        local, _, domain = email.partition("@")
        partner = self.partners.get({"contoso.example": "staff"}.get(domain, domain.removesuffix(".example")))
        subject = ""
        if partner is not None:
            known = next((account for account in partner.accounts.values() if account.email == email), None)
            account = known or Account(subject=f"{domain}-{local}", name=name or local.title(), email=email)
            partner.accounts[account.subject] = account
            subject = account.subject
        return DemoPerson(email, subject, read_code=_Codes(self, email))

    def invite(self, email: str, application: str = PAYROLL, *more: str, mail: bool = False) -> str:
        """Invite somebody to an application, with a mail or without; the link. more: options of `broker invite`. Raises BrokerProcessError."""
        words = ("invite", email, "--application", application, *more, *(() if mail else ("--no-mail",)))
        return str(self.cast.broker.ask(*words)["redeem_url"])

    def guest(self, email: str, application: str = PAYROLL) -> DemoPerson:
        """Invite somebody, and let them accept; the person, with the browser in which they are signed in."""
        person = self.person(email)
        person.open(self.invite(email, application))
        return person

    @contextmanager
    def fault(self, partner: str, name: str) -> Iterator[None]:
        """Until the end of the block, a partner gets this wrong (docs/partner-in-a-box.md). Raises KeyError, ValueError."""
        provider = self.partners[partner]
        before, provider.fault = provider.fault, name
        try:
            yield
        finally:
            provider.fault = before

    def mails(self, email: str) -> list[ReceivedMail]:
        """The messages to an address, newest first."""
        return [mail for mail in read_mails(self.cast.home / "var" / "mail") if mail.to == email]

    def next_mail(self, email: str, before: int = 0) -> ReceivedMail:
        """The newest message to an address, as soon as there are more than `before`. Raises NoMail."""
        return _newest(lambda: self.mails(email), before, email)

    def walk(self, page: Page, person: DemoPerson, stop: str = "") -> Page:
        """Answer the pages of a sign-in in Chromium as this person.

        page: a page of Playwright. stop: the start of the address to arrive at; without it that of Payroll. Raises NoWayForward.
        """
        from broker.testing.chromium import walk

        return walk(page, person, stop or self._addresses[PAYROLL])


class _Codes:
    """Reads a person's mailbox: each call waits for a code that did not come before."""

    def __init__(self, broker: GuestBroker, email: str) -> None:
        self._broker, self._email = broker, email
        self._seen = len(self._codes())

    def _codes(self) -> list[str]:
        subjects = (mail.subject[:_CODE] for mail in self._broker.mails(self._email))
        return [start for start in subjects if start.isdecimal()]

    def __call__(self) -> str:
        code = _newest(self._codes, self._seen, self._email)
        self._seen = len(self._codes())
        return code


def _newest(find: Callable[[], Sequence[_Found]], before: int, email: str) -> _Found:
    """The first one found, as soon as there are more than `before`."""
    end = time.monotonic() + MAIL_SECONDS
    while len(found := find()) <= before:
        if time.monotonic() > end:
            raise NoMail(f"nothing came to {email} in {MAIL_SECONDS:g} s")
        time.sleep(0.05)
    return found[0]


@contextmanager
def open_guest_broker(home: Path, applications: Mapping[str, Mapping[str, Any]]) -> Iterator[GuestBroker]:
    """The broker and its cast until the end of the block.

    home: an empty folder. applications: the content of config/applications/CLIENT_ID.yaml by client id. Raises BrokerProcessError with
    the broker's own line for a wrong one.
    """
    cast = Cast(home, 0)
    for client_id, content in applications.items():
        (cast.home / "config" / "applications" / f"{client_id}.yaml").write_text(
            json.dumps(dict(content)), "utf-8"
        )  # JSON is YAML
    with cast:
        yield GuestBroker(cast)
