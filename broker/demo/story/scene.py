"""What the steps of the story share: the cast, Ada's browser, and words for what must hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.demo.browser import Browser, BrowserPage
from broker.demo.cast import ADA, Cast
from broker.demo.identity import Account
from broker.demo.person import DemoPerson
from broker.demo.relying import RelyingParty, Tokens


class NotHeld(Exception):
    """A step saw something else than what it was to prove."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise NotHeld with `otherwise` unless it holds."""
    if not holds:
        raise NotHeld(otherwise)


@dataclass(slots=True)
class Scene:
    """What the steps share. ada: her first browser. tokens: of the last sign-in that she made for the story to look at."""

    cast: Cast
    ada: DemoPerson = field(default_factory=lambda: visitor(ADA))
    link: str = ""
    tokens: Tokens | None = None
    refusals: dict[str, str] = field(default_factory=dict)  # request id: the page's code
    tokens_of_ledger: Tokens | None = None
    setup_link: str = ""  # as Proseware's IT got it by e-mail
    ada_app: tuple[str, str] = ("", "")  # her authenticator app: the secret as the page showed it, and the code that was used

    def upstream(self, partner: str = "fabrikam") -> int:
        """How many logins that partner has finished so far."""
        return self.cast.partners[partner].calls.get("token", 0)

    def guest(self, person: Account) -> Mapping[str, Any] | None:
        """The guest's record by `broker guests show`, None if there is none."""
        done = self.cast.broker.command("guests", "show", person.email, "--json")
        found: dict[str, Any] | None = json.loads(done.stdout) if done.returncode == 0 else None
        return found

    def receipt(self, page: BrowserPage) -> Mapping[str, Any]:
        """What `broker sign-ins --request` says about an error page."""
        found = self.cast.broker.ask("sign-ins", "--request", page.request_id)
        expect(bool(found), f"no receipt for {page.request_id!r}")
        first: Mapping[str, Any] = found[0] if isinstance(found, list) else found
        return first

    def sign_in(self, who: DemoPerson, party: RelyingParty, **params: str) -> Tokens:
        """Sign in as an application would that the story looks into: its tokens, verified."""
        url, pending = party.begin(**params)
        page = who.open(url, stop_at=party.redirect_uri)
        expect(page.location is not None, f"no answer to the application but {page}")
        return party.complete(page.query, pending)


def visitor(person: Account, **browser: Any) -> DemoPerson:
    """Somebody with a new browser."""
    return DemoPerson(person.email, person.subject, Browser(**browser))


def landed(page: BrowserPage, application: str) -> None:
    """The application's own page says that somebody is signed in."""
    expect(page.name == "application" and page.url.startswith(application) and "ID token" in page.text, f"ended at {page}")


def refused(page: BrowserPage, code: str) -> None:
    """An error page of the broker with this code, a request id and a status of the contract."""
    expect(page.name == "error" and page.error == code, f"expected {code}, ended at {page}")
    expect(400 <= page.status < 504 and bool(page.request_id), f"status {page.status}, request id {page.request_id!r}")
