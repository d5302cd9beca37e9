"""The login: begun, moved from gate to gate by one dispatcher, answered once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from broker.domain import assurance
from broker.domain.address import domain_of
from broker.domain.audit import Actor, Event
from broker.domain.errors import InvitationExpired, LoginExpired, TooManyAttempts
from broker.domain.gates import Decision, Step, decide
from broker.domain.guest import Person
from broker.domain.ids import digest, new_id, new_reference, new_secret
from broker.domain.login import LIFETIME, Login, LoginPurpose, Stage
from broker.domain.mailbox import PARTNER
from broker.domain.network import counted
from broker.domain.policy import Rulebook
from broker.domain.receipt import Outcome
from broker.domain.request import AuthorizationRequest
from broker.domain.times import HOUR
from broker.domain.visitor import Visitor
from broker.provider.redirect_uri import is_registered
from broker.services.access import group_membership
from broker.services.addresses import canonical
from broker.services.history import audit, login_trail
from broker.services.invitations import email_proof, landings
from broker.services.invitations.identity_mismatch import Mismatches
from broker.services.login import facts
from broker.services.login.context import live
from broker.services.login.facts import LoginContext
from broker.services.login.identity_changes import IdentityChanges
from broker.services.login.joining import join
from broker.services.login.result import StartedLogin, StepResult
from broker.services.oauth.grants import Grants
from broker.services.sessions.present import present
from broker.services.sessions.sessions import Sessions
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection, Database
from broker.storage.login import invitations, logins
from broker.storage.operations import rate_limits

LOGINS_PER_ADDRESS = 20_000  # an hour: a whole company behind one address; bounds what strangers can store (RX-05)


class SignIn:
    """Begin and step: there is no other way into an application."""

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        settings: Callable[[], Settings],
        sessions: Sessions,
        grants: Grants,
        policies: Callable[[], Rulebook],
        mismatches: Mismatches,
        changes: IdentityChanges,
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._sessions = sessions
        self._grants = grants
        self._policies = policies
        self._mismatches = mismatches
        self._changes = changes

    # --- beginning -------------------------------------------------------------------------------------------------

    def begin(self, request: AuthorizationRequest, visitor: Visitor) -> StartedLogin:
        """A login for an application whose request passed every check. Three statements."""
        return self._begin(visitor, purpose=LoginPurpose.APPLICATION, request=request, **self._hinted(request))

    def begin_panel(self, visitor: Visitor, return_path: str, *, partner: str | None = None, wish: str = "") -> StartedLogin:
        """A login for one of our own pages. partner: where it is known already (HS-40). wish: of login.Wish."""
        return self._begin(visitor, purpose=LoginPurpose.PANEL, return_path=return_path, partner=partner, wish=wish)

    def begin_invitation(self, visitor: Visitor, *, invitation_id: str, email: str, anew: bool) -> StartedLogin:
        """A login that redeems an invitation: the home organization is the one of the invited address, or a code to it.

        anew: somebody else is signed in in this browser, so the partner must ask who is there (IN-08).
        """
        settings = self._settings()
        partner = settings.partner_of_domain(domain_of(email))
        by_mail = PARTNER if email_proof.is_open_to(settings, email) else None
        return self._begin(
            visitor,
            purpose=LoginPurpose.INVITATION,
            invitation_id=invitation_id,
            login_hint=email,
            partner=partner.id if partner else by_mail,
            anew=anew,
        )

    def over(self, login_id: str | None, browser: str | None) -> Login | None:
        """A login of this browser that cannot go on: where it came from is still known for a while. None: its newest."""
        if not browser:
            return None
        with self._db.read() as tx:
            return logins.of_browser(tx, login_id, digest(browser)) if login_id else logins.newest_of(tx, digest(browser))

    def again(self, login_id: str, visitor: Visitor) -> StartedLogin:
        """The same request once more, after its login ran out. Raises LoginExpired where the files no longer allow it."""
        login = self.over(login_id, visitor.binding)
        request = login.request if login else None
        application = self._settings().applications.get(request.client_id) if request else None
        if login is None or request is None or application is None or login.stage is Stage.CLOSED:
            raise LoginExpired("login_unknown")
        if not is_registered(request.redirect_uri, application.redirect_uris, public=application.client_type == "public"):
            raise LoginExpired("redirect_uri")
        return self.begin(request, visitor)

    def _begin(self, visitor: Visitor, **values: Any) -> StartedLogin:
        now = self._clock()
        started = StartedLogin(new_id(), visitor.binding or new_secret())
        login = Login(
            id=started.login_id,
            reference=new_reference(),
            stage=Stage.OPEN,
            created_at=now,
            expires_at=now + LIFETIME,
            trail=(login_trail.entry(now, "started", str(values["purpose"])),),
            **values,
        )
        with self._db.write() as tx:
            if login.invitation_id is not None and not invitations.hold(tx, login.invitation_id):
                raise InvitationExpired("invitation_unknown")  # its guest was deleted a moment ago
            if rate_limits.count_attempt(tx, f"login:{counted(visitor.address)}", now, HOUR) > LOGINS_PER_ADDRESS:
                raise TooManyAttempts("logins_of_address")
            if visitor.binding is not None:
                logins.keep_newest(tx, digest(visitor.binding))
            logins.add(tx, login, browser=digest(started.browser), address=visitor.address)
        return started

    def _hinted(self, request: AuthorizationRequest) -> dict[str, Any]:
        """Home organization and address, where the application knows them."""
        settings = self._settings()
        email = canonical(request.login_hint) if request.login_hint else None
        partner = None
        if request.domain_hint:
            partner = settings.partners.get(request.domain_hint) or settings.partner_of_domain(request.domain_hint.lower())
        if partner is None and email:
            partner = settings.partner_of_domain(domain_of(email))
        choosing = "select_account" in request.prompt
        return {"login_hint": email, "partner": partner.id if partner and not choosing else None}

    # --- the dispatcher ---------------------------------------------------------------------------------------------

    def step(self, login_id: str, visitor: Visitor, device: str = "") -> StepResult:
        """Fold the gates over the facts of now, and do what the last of them says. device: see domain/device.py. Raises LoginExpired."""
        now = self._clock()
        with self._db.write() as tx:
            found = self.find(tx, login_id, visitor, now)
            decision = decide(found.facts)
            if decision.next.step is Step.ISSUE:
                return self._issue(tx, found, decision, visitor.address, device)
            if decision.next.step is Step.DENY:
                return self._deny(tx, found, decision, visitor.address)
            return StepResult(found=found, decision=decision)

    def look(self, login_id: str, visitor: Visitor) -> LoginContext:
        """What is known of a live login, for a page. Raises LoginExpired."""
        with self._db.write() as tx:
            return self.find(tx, login_id, visitor, self._clock())

    def find(self, tx: Connection, login_id: str, visitor: Visitor, now: int) -> LoginContext:
        """Where a live login stands, for what else is decided or written in `tx`. Raises LoginExpired.

        The person is held until `tx` ends: who blocks, resets or deletes them comes wholly before or wholly after (SC-06). What
        is out at the partner is forgotten, staff who arrive first join, memberships by rule are settled.
        """
        login = live(tx, login_id, visitor, now)
        was_out, login = login.stage is Stage.WAITING, replace(login, stage=Stage.OPEN)
        found = self._gather(tx, login, visitor, now)
        if was_out:  # Back, reload, a second tab; after the person's row is held, as a deletion takes them in this order
            logins.reopen(tx, login)
        if found.may_join:
            join(tx, found, now)
            found = self._gather(tx, login, visitor, now)
        if found.person is not None:
            group_membership.settle(tx, found.person.id, found.judged, now)
        return found

    def _gather(self, tx: Connection, login: Login, visitor: Visitor, now: int) -> LoginContext:
        here = present(tx, login, lambda: self._sessions.of_cookie(tx, visitor.session_cookie, now))
        return facts.gather(tx, login, here, self._settings(), now, policies=self._policies(), address=visitor.address)

    # --- the ends -----------------------------------------------------------------------------------------------------

    def _issue(self, tx: Connection, found: LoginContext, decision: Decision, address: str, device: str) -> StepResult:
        login, person, now = found.login, found.person, found.facts.now
        if person is None or not logins.close(tx, login, now):
            raise LoginExpired("login_used")
        actor = Actor(kind="person", id=person.id, address=address, request_id=login.reference)
        person = self._remember(tx, found, self._changes.settle(tx, found, person, actor))
        session, cookie = self._sessions.open(
            tx, login=login, person=person, facts=found.facts, before=found.session, device=device
        )
        answer, given = None, {}
        if login.request is not None:
            grant, code = self._grants.open(
                tx,
                request=login.request,
                person=person,
                session=session,
                facts=found.facts,
                roles=found.roles,
                groups=found.facts.groups,
                address=address,
                now=now,
            )
            answer = {"code": code}
            given = {"scopes": list(grant.scopes), "claims": sorted(grant.claims), "acr": grant.acr, "amr": list(grant.amr)}
        issued = login_trail.entry(now, "issued", "allowed", "", gates=login_trail.gates_of(decision), **given)
        steps = login_trail.longer(login, *group_membership.told(found.judged, now), issued)
        self._receipt(tx, found, steps, address, outcome=Outcome.ALLOWED)
        data = {"partner": session.partner, "sid": session.sid, "single_sign_on": login.assertion is None}
        target = login.request.client_id if login.request else str(login.purpose)
        audit.record(tx, Event(name="sign_in.allowed", actor=actor, subject=person.id, target=target, data=data), now)
        return StepResult(found=found, decision=decision, answer=answer, session=cookie, target=self._target(found))

    def _remember(self, tx: Connection, found: LoginContext, person: Person) -> Person:
        """The person with what the home organization said last as name and profile; the address of the record stays (AL-09)."""
        said, now, name = found.login.assertion, found.facts.now, person.name
        values: dict[str, Any] = {"last_sign_in": now}
        if person.mfa_at is None and assurance.satisfies(found.facts.acr, (assurance.MFA,)):
            values["mfa_at"] = now
        if said is not None:
            # A name that the home organization said and no longer says is gone; one that staff wrote stays (FA-08).
            name = said.name or ("" if name == person.said_name else name)
            values |= {"partner": said.partner, "name": name, "profile": dict(said.claims), "answered_at": now}
        people.change(tx, person.id, values)
        return replace(person, name=name)

    def _target(self, found: LoginContext) -> str | None:
        if found.login.purpose is LoginPurpose.INVITATION:
            url = found.invitation.redirect_url if found.invitation else ""
            return url if landings.may_lead_to(self._settings(), url) else "/apps"
        return found.login.return_path if found.login.purpose is LoginPurpose.PANEL else None

    def _deny(self, tx: Connection, found: LoginContext, decision: Decision, address: str) -> StepResult:
        """A page with a way forward keeps the login; an error for the application ends it."""
        login, now, said = found.login, found.facts.now, decision.next
        answer = {"error": said.error} if login.request is not None and (said.code is None or found.facts.silent) else None
        actor = Actor(kind="person", id=found.facts.person or "", address=address, request_id=login.reference)
        told = self.tell_sponsor(tx, found, said.reason, actor)
        denied = login_trail.entry(
            now, "denied", said.code or said.error, said.reason, gates=login_trail.gates_of(decision), told=told
        )
        steps = login_trail.longer(login, *group_membership.told(found.judged, now), denied)
        if answer is not None:
            if not logins.close(tx, login, now):
                raise LoginExpired("login_used")
        else:
            logins.change(tx, login, trail=steps)
        outcome = Outcome.BLOCKED if said.code else Outcome.FAILED
        self._receipt(tx, found, steps, address, outcome=outcome, error=said.code, reason=said.reason)
        target = login.request.client_id if login.request else str(login.purpose)
        event = Event(name="sign_in.refused", actor=actor, subject=found.facts.person or "", target=target, reason=said.reason)
        audit.record(tx, event, now)
        return StepResult(found=found, decision=decision, answer=answer)

    def tell_sponsor(self, tx: Connection, found: LoginContext, reason: str, actor: Actor) -> str:
        """Somebody else came: whoever answers for the guest hears of it (IN-01, FA-18). Whom `tx` tells, or ""."""
        said, invitation = found.login.assertion, found.invitation
        if self._changes.note(tx, found, reason, actor):
            return "sponsor"
        if reason != "invitation_identity" or said is None or invitation is None:
            return ""
        return "sponsor" if self._mismatches.note(tx, invitation, said, actor, found.facts.now) else ""

    def _receipt(self, tx: Connection, found: LoginContext, steps: list[Any], address: str, **values: Any) -> None:
        login_trail.write(
            tx,
            found.login,
            steps,
            now=found.facts.now,
            config=self._settings().digest,
            address=address,
            person_id=found.person.id if found.person else None,
            partner=found.home,
            facts=found.facts,
            **values,
        )
