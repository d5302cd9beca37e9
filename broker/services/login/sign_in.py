"""Begins a login, and moves it from step to step until its answer."""

from __future__ import annotations

from typing import Any

from broker.domain.address import domain_of
from broker.domain.assertion import Assertion
from broker.domain.errors import InvitationExpired, LoginExpired, TooManyAttempts, Unavailable
from broker.domain.gates import decide
from broker.domain.ids import digest, new_id, new_reference, new_secret
from broker.domain.login import LIFETIME, Login, LoginPurpose, Stage
from broker.domain.mailbox import PARTNER
from broker.domain.network import counted
from broker.domain.next_step import Step
from broker.domain.request import AuthorizationRequest
from broker.domain.sign_up import SignUp
from broker.domain.times import HOUR
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.provider.redirect_uri import is_registered
from broker.services.addresses import canonical
from broker.services.core import Core
from broker.services.invitations import email_proof
from broker.services.login.completion import Completion
from broker.services.login.connector_steps import ConnectorSteps
from broker.services.login.context import OpenLogin
from broker.services.login.result import StartedLogin, StepResult
from broker.services.partners.federation_search import FederationSearch
from broker.services.sign_up.sign_up_facts import proof_of
from broker.services.sign_up.sign_ups import SignUps
from broker.storage.engine import Connection
from broker.storage.login import invitations, logins
from broker.storage.operations import rate_limits

SIGN_UPS_PER_ADDRESS = 60  # per hour: each can send an e-mail to a stranger
LOGINS_PER_ADDRESS = 20_000  # per hour: enough for a company behind one address; limits what strangers can store (RX-05)


class SignIn:
    """Begin and step: the only way into an application."""

    def __init__(
        self,
        core: Core,
        open_login: OpenLogin,
        completion: Completion,
        sign_ups: SignUps,
        federations: FederationSearch,
        connectors: ConnectorSteps,
    ) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._open_login = open_login
        self._completion = completion
        self._sign_ups = sign_ups
        self._federations = federations
        self._connectors = connectors

    # --- beginning -------------------------------------------------------------------------------------------------

    def begin(self, request: AuthorizationRequest, visitor: Visitor) -> StartedLogin:
        """A login for an application whose request passed every check. Three statements."""
        return self._begin(visitor, purpose=LoginPurpose.APPLICATION, request=request, **self._hinted(request))

    def begin_panel(self, visitor: Visitor, return_path: str, *, partner: str | None = None, intent: str = "") -> StartedLogin:
        """A login for one of our own pages. partner: where it is known already (HS-40). intent: of `OwnPageIntent`."""
        return self._begin(visitor, purpose=LoginPurpose.PANEL, return_path=return_path, partner=partner, own_page_intent=intent)

    def begin_invitation(self, visitor: Visitor, *, invitation_id: str, email: str, another_account: bool) -> StartedLogin:
        """A login that redeems an invitation, at the home organization of the invited address, or by a code to it.

        another_account: another person is signed in in this browser, so the partner must ask who is there (IN-08).
        """
        settings = self._settings()
        partner = settings.partner_of_domain(domain_of(email)) or self._federations.of_domain(domain_of(email))
        by_mail = PARTNER if email_proof.is_open_to(settings, email) else None
        return self._begin(
            visitor,
            purpose=LoginPurpose.INVITATION,
            invitation_id=invitation_id,
            login_hint=email,
            partner=partner.id if partner else by_mail,
            another_account_asked=another_account,
        )

    def begin_sign_up(self, visitor: Visitor, sign_up: SignUp, *, email: str, another_account: bool) -> StartedLogin:
        """A login that proves an address for a sign-up; nobody is looked up (LP-04). another_account: another person is signed in."""
        now = self._clock()
        with self._db.write() as tx:
            if rate_limits.count_attempt(tx, f"sign-up:{counted(visitor.address)}", now, HOUR) > SIGN_UPS_PER_ADDRESS:
                raise TooManyAttempts("sign_ups_of_address")
            return self._add(
                tx,
                visitor,
                purpose=LoginPurpose.SIGN_UP,
                sign_up=sign_up,
                login_hint=email,
                partner=proof_of(self._settings(), sign_up.application, email),
                another_account_asked=another_account,
            )

    def over(self, login_id: str | None, browser: str | None) -> Login | None:
        """A login of this browser that has ended, as long as it is stored. login_id: None for its newest one."""
        if not browser:
            return None
        with self._db.read() as tx:
            return logins.of_browser(tx, login_id, digest(browser)) if login_id else logins.newest_of(tx, digest(browser))

    def again(self, login_id: str, visitor: Visitor) -> StartedLogin:
        """Begins a login for the request of an expired one. Raises LoginExpired if the files no longer allow it."""
        login = self.over(login_id, visitor.binding)
        request = login.request if login else None
        application = self._settings().applications.get(request.client_id) if request else None
        if login is None or request is None or application is None or login.stage is Stage.CLOSED:
            raise LoginExpired("login_unknown")
        if not is_registered(request.redirect_uri, application.redirect_uris, public=application.client_type == "public"):
            raise LoginExpired("redirect_uri")
        return self.begin(request, visitor)

    def begin_as(self, tx: Connection, visitor: Visitor, assertion: Assertion, *, return_path: str, intent: str) -> StartedLogin:
        """A login for one of our own pages whose person is known already, in the transaction that proved it."""
        values = {"purpose": LoginPurpose.PANEL, "return_path": return_path, "own_page_intent": intent, "assertion": assertion}
        return self._add(tx, visitor, partner=assertion.partner, **values)

    def _begin(self, visitor: Visitor, **values: Any) -> StartedLogin:
        with self._db.write() as tx:
            return self._add(tx, visitor, **values)

    def _add(self, tx: Connection, visitor: Visitor, **values: Any) -> StartedLogin:
        now = self._clock()
        started = StartedLogin(new_id(), visitor.binding or new_secret())
        login = Login(
            id=started.login_id,
            reference=new_reference(),
            stage=Stage.OPEN,
            created_at=now,
            expires_at=now + LIFETIME,
            trail=(entry(now, TrailStep.STARTED, str(values["purpose"])).to_json(),),
            **values,
        )
        if login.invitation_id is not None and not invitations.hold(tx, login.invitation_id):
            raise InvitationExpired("invitation_unknown")  # its guest was deleted meanwhile
        if rate_limits.count_attempt(tx, f"login:{counted(visitor.address)}", now, HOUR) > LOGINS_PER_ADDRESS:
            raise TooManyAttempts("logins_of_address")
        if visitor.binding is not None:
            logins.keep_newest(tx, digest(visitor.binding))
        logins.add(tx, login, browser=digest(started.browser), address=visitor.address)
        return started

    def _hinted(self, request: AuthorizationRequest) -> dict[str, Any]:
        """Home organization and address, if the application's request names them."""
        settings = self._settings()
        email = canonical(request.login_hint) if request.login_hint else None
        partner = None
        if request.domain_hint:
            partner = settings.partners.get(request.domain_hint) or settings.partner_of_domain(request.domain_hint.lower())
            partner = partner or settings.partners.get(self._federations.hinted(request.domain_hint) or "")
        if partner is None and email:
            partner = settings.partner_of_domain(domain_of(email)) or self._federations.of_domain(domain_of(email))
        choosing = "select_account" in request.prompt
        return {"login_hint": email, "partner": partner.id if partner and not choosing else None}

    # --- the dispatcher ---------------------------------------------------------------------------------------------

    def step(self, login_id: str, visitor: Visitor, device: str = "") -> StepResult:
        """Asks the gates, and carries out an end that they decide. device: of domain/device.py.

        Raises LoginExpired; TooManyAttempts and Unavailable of an application's connector.
        """
        result = self._step(login_id, visitor, device)
        if result is None:
            self._connectors.settle(login_id, visitor)
            result = self._step(login_id, visitor, device)
        if result is None:
            raise Unavailable("upstream_busy", "the connector's answer was for another account")
        return result

    def _step(self, login_id: str, visitor: Visitor, device: str) -> StepResult | None:
        """None: an application's connector is asked first, and that is done outside of the transaction."""
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            decision = decide(found.facts)
            if decision.next.step is Step.SIGN_UP:
                if self._connectors.is_due(found):
                    return None
                self._sign_ups.carry_out(tx, found.login, found.person, visitor.address, found.facts.now)
                found = self._open_login(tx, login_id, visitor)
                decision = decide(found.facts)
            if decision.next.step is Step.REQUESTED:
                return self._completion.wait(tx, found, decision, visitor.address)
            if decision.next.step is Step.ISSUE:
                return self._completion.issue(tx, found, decision, visitor.address, device)
            if decision.next.step is Step.DENY:
                return self._completion.deny(tx, found, decision, visitor.address)
            return StepResult(found=found, decision=decision)
