"""People who sign in, refresh, are invited and redeem without a pause, and a record of all that they were promised.

Every answer is a success, a refusal that says "later" (503 as a page or an OAuth error, or the proxy's 502), after which the person tries
again, or a finding. `verify` compares afterwards: nothing acknowledged is lost, nothing is used twice.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from broker.demo.browser import Browser, BrowserError, BrowserPage
from broker.demo.cast import ADA, BO, BOB, NORA, WANDA, WILL, Cast
from broker.demo.identity import Account
from broker.demo.mailbox import read_mails
from broker.demo.person import DemoPerson
from broker.demo.relying import PendingRequest, RelyingParty, SignInFailed, Tokens, call
from tests.deep.cluster.postgres import wait_for

AGAIN = 180.0  # seconds that a person keeps trying; a failover is over by then
MAIL = 40.0  # seconds that a person waits for an e-mail before they ask for another
PAUSE = 0.5  # seconds before the next try
T = TypeVar("T")


class Later(Exception):
    """The answer asks the person to try again."""


class Finding(Exception):
    """An answer that nobody can explain."""


@dataclass(slots=True)
class Promised:
    """What was acknowledged. invited, redeemed: addresses, with the guest's id and `sub`; families: the newest tokens of each sign-in."""

    invited: dict[str, str] = field(default_factory=dict)
    redeemed: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    families: list[tuple[RelyingParty, Tokens]] = field(default_factory=list)
    codes: list[tuple[RelyingParty, dict[str, str], PendingRequest]] = field(default_factory=list)


class Load:
    """Threads of people at one cast, from `with` on; `until` waits for so many further journeys."""

    def __init__(self, cast: Cast, people: int = 4) -> None:
        self.cast, self.promised, self.counts, self.findings = cast, Promised(), Counter[str](), list[str]()
        self._lock, self._over, self._number = threading.Lock(), threading.Event(), 0
        self._threads = [threading.Thread(target=self._play, daemon=True) for _ in range(people)]
        self._journeys: list[Callable[[int], object]] = [partial(self.sign_in, one) for one in (ADA, WANDA, BOB, NORA, BO, WILL)]
        self._journeys.append(self.invited)

    def __enter__(self) -> Self:
        for person in (ADA, BO, NORA, WANDA, WILL):
            page = DemoPerson(person.email, person.subject).open(self.cast.invite(person)["redeem_url"])
            assert page.name == "application", str(page)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(AGAIN + 60)
        assert not any(thread.is_alive() for thread in self._threads)

    def until(self, journeys: int, patience: float = 900) -> None:
        """Wait until so many more journeys have ended. Raises AssertionError at the first finding."""
        goal = self.counts["journeys"] + journeys
        wait_for(f"{journeys} journeys", lambda: self.findings or self.counts["journeys"] >= goal, patience)
        assert not self.findings, self.findings[0]

    def _play(self) -> None:
        while not self._over.is_set():
            with self._lock:
                number = self._number = self._number + 1
            try:
                self._journeys[number % len(self._journeys)](number)
                self._count("journeys")
            except Exception as error:  # noqa: BLE001  what it is goes into the finding
                with self._lock:
                    self.findings.append(f"{type(error).__name__}: {error}")

    def _count(self, name: str) -> None:
        with self._lock:
            self.counts[name] += 1

    def _patiently(self, what: str, action: Callable[[], T]) -> T:
        """The action's result, tried again while the answer says "later"."""
        end = time.monotonic() + AGAIN
        while True:
            try:
                return action()
            except (Later, SignInFailed, BrowserError, OSError) as error:
                if not _is_later(error):
                    raise Finding(f"{what}: {type(error).__name__}: {error}") from error
                self._count(f"later: {error}"[:60])
                if time.monotonic() > end:
                    raise Finding(f"{what}: for {AGAIN:g} s only {error}") from error
                time.sleep(PAUSE)

    def sign_in(self, person: Account, number: int) -> Tokens:
        """A sign-in in a new browser, userinfo, and two refreshes."""
        party, tries = self.cast.payroll, 0

        def begin() -> Tokens:
            nonlocal tries
            tries += 1
            who = DemoPerson(person.email, person.subject, Browser(headers=_from(number)), read_code=self._code(person))
            url, pending = party.begin()
            page = who.open(url, stop_at=party.redirect_uri)
            if page.location is None:
                raise _judged(page, again=tries > 1)
            tokens = party.complete(page.query, pending)
            with self._lock:
                self.promised.codes.append((party, page.query, pending))
            return tokens

        held = self._patiently("sign-in", begin)
        self._patiently("userinfo", lambda: party.userinfo(held))
        for _ in range(2):
            fresh = self._refresh(party, held)
            if fresh is None:
                return self.sign_in(person, number)
            held = fresh
        with self._lock:
            self.promised.families.append((party, held))
        self._count("sign-ins")
        return held

    def _refresh(self, party: RelyingParty, held: Tokens) -> Tokens | None:
        """New tokens; None where the answer was lost and the next one came after `tokens.refresh_grace`: the person signs in again."""
        tries = 0

        def refresh() -> Tokens | None:
            nonlocal tries
            tries += 1
            try:
                return party.refresh(held.refresh_token or "", held)
            except SignInFailed as error:
                if error.error == "invalid_grant" and tries > 1:
                    return None
                raise

        found = self._patiently("refresh", refresh)
        self._count("refreshes" if found else "refreshes that were lost")
        return found

    def invited(self, number: int) -> None:
        """Somebody new: an invitation over the API, the link, a code by e-mail; then an ordinary sign-in."""
        address = f"guest-{number}@mailbox.example"
        made = self._patiently("invitation", lambda: self._invite(address))
        with self._lock:
            self.promised.invited[address] = made["invitedUser"]["id"]
        link, newcomer, tries = made["inviteRedeemUrl"], Account(subject="", name=address, email=address), 0

        def redeem() -> None:
            nonlocal tries
            tries += 1
            who = DemoPerson(address, "", Browser(headers=_from(number)), read_code=self._code(newcomer))
            page = who.open(link)
            if page.error == "invitation_used" and tries > 1:
                return  # the try before was acknowledged by the database alone; the sign-in below proves it
            if page.name != "application":
                raise _judged(page, again=tries > 1)

        self._patiently("redemption", redeem)
        tokens = self.sign_in(newcomer, number)
        with self._lock:
            self.promised.redeemed[address] = tokens.claims["sub"]
            self.promised.links.append(link)
        self._count("redemptions")

    def _invite(self, address: str) -> dict[str, Any]:
        at, scope = self.cast.at, f"{self.cast.at.broker.rpartition(':')[0]}/.default"
        form = {
            "grant_type": "client_credentials",
            "client_id": "portal",
            "client_secret": self.cast.portal_secret,
            "scope": scope,
        }
        status, found = call("POST", self.cast.payroll.metadata["token_endpoint"], form=form)
        if status != 200:
            raise SignInFailed(found.get("error", "token"), f"the token endpoint answered {status}")
        body = {"invitedUserEmailAddress": address, "inviteRedirectUrl": f"{at.payroll}/login", "sendInvitationMessage": False}
        headers = {"Authorization": f"Bearer {found['access_token']}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{at.broker}/v1.0/invitations", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                made: dict[str, Any] = json.load(answer)
                return made
        except urllib.error.HTTPError as error:
            if error.status in {502, 503}:
                raise Later(f"{error.status} of the API") from error
            raise Finding(f"the API answered {error.status}: {error.read()[:300]!r}") from error

    def _code(self, person: Account) -> Callable[[], str] | None:
        """Reads the code that comes after those that are there now; None for people whose organization signs them in."""
        folder = Path(self.cast.home / "var" / "mail")

        def codes() -> list[str]:
            return [mail.subject[:8] for mail in read_mails(folder) if mail.to == person.email and mail.subject[:8].isdigit()]

        before = len(codes())

        def read() -> str:
            try:
                wait_for(f"a code for {person.email}", lambda: len(codes()) > before, MAIL)
            except AssertionError as error:
                raise Later("no e-mail came") from error  # a node died with it: it comes when that node's lease is over
            return codes()[0]

        return None if person.subject else read

    def _guests(self) -> dict[str, dict[str, Any]]:
        """Every guest by address, a page at a time."""
        found: dict[str, dict[str, Any]] = {}
        while page := self.cast.broker.ask("guests", "list", "--limit", "1000", "--after", max(found, default="")):
            found |= {one["email"]: one for one in page}
        return found

    def verify(self) -> None:
        """After all: each promise holds, and each spent value is refused."""
        guests = self._guests()
        lost = [address for address, known in self.promised.invited.items() if guests.get(address, {}).get("id") != known]
        assert lost == []
        assert [one for one in self.promised.redeemed if guests[one]["state"] != "active"] == []
        assert len(set(self.promised.redeemed.values())) == len(self.promised.redeemed)
        for party, tokens in self.promised.families:
            party.refresh(tokens.refresh_token or "", tokens)
        self.cast.broker.run("maintain")
        self.cast.broker.run("audit", "verify")
        events = [json.loads(line) for line in self.cast.broker.run("audit", "export").splitlines()]
        redeemed = Counter(one["subject"] for one in events if one["name"] == "invitation.redeemed")
        assert {known: redeemed[known] for known in self.promised.invited.values()} == dict.fromkeys(
            self.promised.invited.values(), 1
        )
        for link in self.promised.links:
            assert Browser().get(link).error == "invitation_used"
        assert {_again(*spent) for spent in self.promised.codes} == {"invalid_grant"}


def _again(party: RelyingParty, answer: dict[str, str], pending: PendingRequest) -> str:
    """The error for a code that comes a second time."""
    try:
        party.complete(answer, pending)
    except SignInFailed as error:
        return error.error
    return "a code was used twice"


def _from(number: int) -> dict[str, str]:
    """Each journey has an address of its own: one address would meet the limits by address."""
    return {"X-Forwarded-For": f"198.18.{number // 250 % 256}.{number % 250 + 1}"}


def _judged(page: BrowserPage, *, again: bool) -> Exception:
    if page.name == "application-error" and any(word in page.text for word in ("temporarily_unavailable", "502", "503")):
        return Later("the application got no tokens")
    if again and page.name == "email-code":
        return Later("the e-mail of an earlier try came last")
    if page.status in (502, 503) and (page.request_id or "Please reload" in page.text or "error" in page.text):
        return Later(f"{page.status} {page.error or 'of the proxy or the API'}")
    return Finding(f"ended at {page}")


def _is_later(error: Exception) -> bool:
    if isinstance(error, SignInFailed):
        return error.error in {"temporarily_unavailable", "unreachable"} or error.description.endswith(("502", "503"))
    return isinstance(error, Later | OSError)
