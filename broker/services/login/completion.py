"""The end of a login: a session and a code, or a refusal; with receipt, audit event, and e-mail to the sponsor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.domain import assurance
from broker.domain.audit import Actor, Event
from broker.domain.errors import LoginExpired
from broker.domain.gates import Decision
from broker.domain.guest import Person
from broker.domain.login import LoginPurpose
from broker.domain.receipt import Outcome
from broker.domain.trail import TrailStep, entry
from broker.services.access import group_membership
from broker.services.history import audit, login_trail
from broker.services.invitations import landings
from broker.services.invitations.identity_mismatch import Mismatches
from broker.services.login.context import LoginContext
from broker.services.login.identity_changes import IdentityChanges
from broker.services.login.result import StepResult
from broker.services.oauth.grants import Grants
from broker.services.sessions.sessions import Sessions
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import logins


class Completion:
    """Each method works in the transaction of the step that ends the login."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        sessions: Sessions,
        grants: Grants,
        mismatches: Mismatches,
        changes: IdentityChanges,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._grants = grants
        self._mismatches = mismatches
        self._changes = changes

    def issue(self, tx: Connection, found: LoginContext, decision: Decision, address: str, device: str) -> StepResult:
        """Every gate is satisfied: opens a session, and a code if there is an application. device: of domain/device.py."""
        login, person, now = found.login, found.person, found.facts.now
        if person is None or not logins.close(tx, login, now):
            raise LoginExpired("login_used")
        actor = Actor.person(person.id, address=address, request_id=login.reference)
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
                groups=found.facts.person.groups,
                address=address,
                now=now,
            )
            answer = {"code": code}
            given = {"scopes": list(grant.scopes), "claims": sorted(grant.claims), "acr": grant.acr, "amr": list(grant.amr)}
        issued = entry(now, TrailStep.ISSUED, "allowed", "", gates=login_trail.gates_of(decision), **given)
        steps = login_trail.longer(login, *group_membership.trail_entries(found.judged, now), issued)
        self._receipt(tx, found, steps, address, outcome=Outcome.ALLOWED)
        data = {"partner": session.partner, "sid": session.sid, "single_sign_on": login.assertion is None}
        target = login.request.client_id if login.request else str(login.purpose)
        audit.record(tx, Event(name="sign_in.allowed", actor=actor, subject=person.id, target=target, data=data), now)
        return StepResult(found=found, decision=decision, answer=answer, session=cookie, target=self._target(found))

    def _remember(self, tx: Connection, found: LoginContext, person: Person) -> Person:
        """Stores name and profile as the home organization asserts them; the address of the record stays (AL-09)."""
        assertion, now, name = found.login.assertion, found.facts.now, person.name
        values: dict[str, Any] = {"last_sign_in": now}
        if person.mfa_at is None and assurance.satisfies(found.facts.factors.acr, (assurance.MFA,)):
            values["mfa_at"] = now
        if assertion is not None:
            # A name that the home organization no longer asserts is removed; one that staff entered stays (FA-08).
            name = assertion.name or ("" if name == person.asserted_name else name)
            values |= {"partner": assertion.partner, "answered_at": now}
            asserted = {"name": name, "profile": dict(assertion.claims)}
            values |= {column: value for column, value in asserted.items() if value != getattr(person, column)}
        people.change(tx, person.id, values)
        return replace(person, name=name)

    def _target(self, found: LoginContext) -> str | None:
        if found.login.purpose is LoginPurpose.INVITATION:
            url = found.invitation.redirect_url if found.invitation else ""
            return url if landings.may_lead_to(self._settings(), url) else "/apps"
        if found.login.sign_up is not None:
            return f"/sign-up/{found.login.sign_up.application}/done"
        return found.login.return_path if found.login.purpose is LoginPurpose.PANEL else None

    def deny(self, tx: Connection, found: LoginContext, decision: Decision, address: str) -> StepResult:
        """A refusal with a page keeps the login, so that the person can try again; an error for the application ends it."""
        login, now, refusal = found.login, found.facts.now, decision.next
        answer = (
            {"error": refusal.error}
            if login.request is not None and (refusal.code is None or found.facts.request.silent)
            else None
        )
        actor = Actor.person(found.facts.person.id or "", address=address, request_id=login.reference)
        notified = self.notify_sponsor(tx, found, refusal.reason, actor)
        denied = entry(
            now,
            TrailStep.DENIED,
            refusal.code or refusal.error,
            refusal.reason,
            gates=login_trail.gates_of(decision),
            notified=notified,
        )
        steps = login_trail.longer(login, *group_membership.trail_entries(found.judged, now), denied)
        if answer is not None:
            if not logins.close(tx, login, now):
                raise LoginExpired("login_used")
        else:
            logins.change(tx, login, trail=steps)
        outcome = Outcome.BLOCKED if refusal.code else Outcome.FAILED
        self._receipt(tx, found, steps, address, outcome=outcome, error=refusal.code, reason=refusal.reason)
        target = login.request.client_id if login.request else str(login.purpose)
        event = Event(
            name="sign_in.refused", actor=actor, subject=found.facts.person.id or "", target=target, reason=refusal.reason
        )
        audit.record(tx, event, now)
        return StepResult(found=found, decision=decision, answer=answer)

    def wait(self, tx: Connection, found: LoginContext, decision: Decision, address: str) -> StepResult:
        """A sign-up whose request waits, or gave no access: the login stays, so that its page shows the answer once there is one."""
        now, refusal = found.facts.now, decision.next
        denied = entry(now, TrailStep.DENIED, refusal.error, refusal.reason, gates=login_trail.gates_of(decision))
        self._receipt(
            tx,
            found,
            login_trail.longer(found.login, denied),
            address,
            outcome=Outcome.BLOCKED,
            error="not_assigned",
            reason=refusal.reason,
        )
        return StepResult(found=found, decision=decision)

    def notify_sponsor(self, tx: Connection, found: LoginContext, reason: str, actor: Actor) -> str:
        """Mails the guest's sponsor if another person came (IN-01, FA-18); "sponsor", or "" without an e-mail."""
        assertion, invitation = found.login.assertion, found.invitation
        if self._changes.note(tx, found, reason, actor):
            return "sponsor"
        if reason != "invitation_identity" or assertion is None or invitation is None:
            return ""
        return "sponsor" if self._mismatches.note(tx, invitation, assertion, actor, found.facts.now) else ""

    def _receipt(
        self, tx: Connection, found: LoginContext, steps: Sequence[Mapping[str, object]], address: str, **values: Any
    ) -> None:
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
