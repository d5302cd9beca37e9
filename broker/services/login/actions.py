"""What a person does on the pages of a login: chooses a home organization, keeps the account, starts over, gives up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from broker.domain.address import domain_of
from broker.domain.errors import LoginExpired
from broker.domain.login import Login, Stage
from broker.domain.mailbox import PARTNER
from broker.domain.receipt import Outcome
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.services.core import Core
from broker.services.history import login_trail
from broker.services.invitations.email_proof import is_open_to
from broker.services.login.context import live
from broker.services.partners.federation_search import FederationSearch
from broker.services.sign_up.sign_up_facts import proof_of
from broker.storage.login import logins


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A login that its person ended. error: of the authorization response (RFC 6749 4.1.2.1)."""

    login: Login
    error: str


class Choices:
    """Each choice is one transaction on the live login of this browser; the dispatcher finds the next step."""

    def __init__(self, core: Core, federations: FederationSearch) -> None:
        self._federations = federations
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def choose(self, login_id: str, visitor: Visitor, *, email: str | None, partner_id: str | None) -> str | None:
        """Stores the address or organization that the person gave; the partner's id, `email` for a code, None if they must choose."""
        now, settings = self._clock(), self._settings()
        partner = settings.partners.get(partner_id) if partner_id else None
        if email and not partner_id:
            partner = settings.partner_of_domain(domain_of(email)) or self._federations.of_domain(domain_of(email))
        home = partner.id if partner else PARTNER if is_open_to(settings, email) else None
        with self._db.write() as tx:
            login = live(tx, login_id, visitor, now)
            if login.sign_up is not None and email:
                home = proof_of(settings, login.sign_up.application, email)
            logins.reopen(tx, login)
            choice = entry(now, TrailStep.HOME, home or "unknown", "by address" if email else "chosen")
            choosing = login.request is not None and "select_account" in login.request.prompt
            values: dict[str, Any] = {
                "partner": home,
                "chosen": home is not None,
                "step_up_asked": login.step_up_asked and home is not None and home == login.partner,
                "another_account_asked": login.another_account_asked or (choosing and home is not None),
                "trail": login_trail.longer(login, choice),
            }
            logins.change(tx, replace(login, stage=Stage.OPEN), **values, **({"login_hint": email} if email else {}))
        return home

    def use_session(self, login_id: str, visitor: Visitor) -> None:
        """The person chose the account that is signed in (prompt=select_account)."""
        now = self._clock()
        with self._db.write() as tx:
            login = live(tx, login_id, visitor, now)
            logins.change(
                tx,
                login,
                chosen=True,
                trail=login_trail.longer(login, entry(now, TrailStep.HOME, "session", "keeps the account that is signed in")),
            )

    def go_without(self, login_id: str, visitor: Visitor) -> None:
        """The person has no second factor at hand. The gates then ask only for required proof (Core 5.5.1.1)."""
        now = self._clock()
        with self._db.write() as tx:
            login = live(tx, login_id, visitor, now)
            steps = login_trail.longer(login, entry(now, TrailStep.CHALLENGE, "skipped"))
            logins.change(tx, login, progress=replace(login.progress, went_without=True).to_json(), trail=steps)

    def start_over(self, login_id: str, visitor: Visitor) -> None:
        """The person wants another account or organization: the assertion is removed, and the partner is asked again."""
        now = self._clock()
        with self._db.write() as tx:
            login = live(tx, login_id, visitor, now)
            logins.reopen(tx, login)
            steps = login_trail.longer(login, entry(now, TrailStep.STARTED_OVER, "another account"))
            keep = login.invitation_id is not None
            values: dict[str, Any] = {
                "assertion": None,
                "partner": login.partner if keep else None,
                "chosen": False,
                "another_account_asked": True,
                "consented": False,
                "fresh_within": None,
                "mailbox_proven": None,
                "mailbox_declined": None,
                "step_up_asked": False,
                "task": None,
                "proofs": [],  # of the account that was left
                "progress": login.progress.started_over().to_json(),
            }
            logins.change(tx, replace(login, stage=Stage.OPEN), **values, trail=steps)

    def give_up(self, login_id: str, visitor: Visitor, *, unable: bool = False) -> GivenUp:
        """The person returns to the application without signing in: access_denied (RFC 6749 4.1.2.1).

        unable: the person cannot give the requested proof. If the application called it essential, the error is
        unmet_authentication_requirements (Core 5.5.1.1).
        """
        now = self._clock()
        with self._db.write() as tx:
            login = live(tx, login_id, visitor, now)
            logins.reopen(tx, login)
            if not logins.close(tx, replace(login, stage=Stage.OPEN), now):
                raise LoginExpired("login_used")
            essential = unable and login.request is not None and login.request.acr_essential
            error = "unmet_authentication_requirements" if essential else "access_denied"
            steps = login_trail.longer(login, entry(now, TrailStep.GIVEN_UP, error))
            config = self._settings().digest
            login_trail.write(
                tx, login, steps, now=now, outcome=Outcome.ABANDONED, reason="given up", config=config, address=visitor.address
            )
        return GivenUp(login, error)
