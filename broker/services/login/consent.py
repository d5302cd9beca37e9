"""Redemption and consent: the person saw what the application receives, and agreed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from broker.domain.api_connector import ConnectorStep
from broker.domain.assignment import Principal
from broker.domain.audit import Actor, Event
from broker.domain.errors import PAGE_ERRORS, BadRequest, InvitationMismatch, InvitationUsed
from broker.domain.gates import decide
from broker.domain.guest import GuestState, Person
from broker.domain.ids import new_id
from broker.domain.invitation import Invitation
from broker.domain.mailbox import Mailbox, Why
from broker.domain.next_step import Step
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.services.core import Core
from broker.services.guests.transitions import begin, rules_of
from broker.services.history import audit, login_trail
from broker.services.login.connector_steps import ConnectorSteps
from broker.services.login.context import LoginContext, OpenLogin
from broker.services.sessions.present import identity_of
from broker.services.sign_up.connector import mark_of
from broker.storage.directory import assignments, consents, people
from broker.storage.engine import Connection
from broker.storage.login import invitations, logins

_BY_CONNECTOR = ("connector_blocked", "connector_failed")  # reasons of the gates
_DETAILS = {"company": "company", "department": "department", "job_title": "job_title", "phone": "mobile"}  # attribute -> detail


class Redemption:
    """Accept on `review-permissions`, for an invitation or for one more application."""

    def __init__(self, core: Core, open_login: OpenLogin, connectors: ConnectorSteps) -> None:
        self._connectors = connectors
        self._db = core.db
        self._settings = core.settings
        self._open_login = open_login

    def accept(self, login_id: str, visitor: Visitor, shown: str = "") -> None:
        """The button of the page that this login shows: binds the identity, or records consent, in one transaction.

        shown: id of the invitation on that page, "" if it had none; one that took its place is shown first.
        Raises BadRequest if the login shows another page (AZ-15), InvitationUsed, InvitationMismatch (the identity is bound to
        another person, AL-07); TooManyAttempts and Unavailable of an application's connector. Where that refuses, nothing is stored, and
        the dispatcher shows it.
        """
        if self._accept(login_id, visitor, shown):
            return
        self._connectors.settle(login_id, visitor)
        self._accept(login_id, visitor, shown)

    def _accept(self, login_id: str, visitor: Visitor, shown: str) -> bool:
        """False if nothing was stored, because the application's connector is asked first, outside of the transaction."""
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            now = found.facts.now
            following = decide(found.facts).next
            step = following.step
            if step is Step.REDEEM and shown not in ("", found.facts.invitation.id):
                return True
            if step is Step.REDEEM and self._connectors.is_due(found):
                return False
            if step is Step.REDEEM:
                self._redeem(tx, found, visitor.address, now)
            elif step is Step.CONSENT and found.person is not None and found.login.request is not None:
                self._consent(
                    tx, found, found.person.id, found.login.request.client_id, found.login.request.scopes, visitor.address
                )
                given = entry(now, TrailStep.CONSENT, "given", scopes=list(found.login.request.scopes))
                logins.change(tx, found.login, consented=True, trail=login_trail.longer(found.login, given))
            elif step is Step.DENY and following.reason in _BY_CONNECTOR:
                return False
            elif step is Step.DENY and following.code is not None:
                raise PAGE_ERRORS[following.code](following.reason).of_login(found.login.id, found.login.reference)
            elif step is not Step.ISSUE:  # ISSUE: the second of two clicks
                raise BadRequest("consent_login_mismatch").of_login(found.login.id, found.login.reference)
        return True

    def _redeem(self, tx: Connection, found: LoginContext, address: str, now: int) -> None:
        invitation, login = found.invitation, found.login
        person = people.by_id(tx, invitation.person_id) if invitation else None
        if invitation is None or person is None:
            raise BadRequest("consent_login_mismatch").of_login(login.id, login.reference)
        if not invitations.take(tx, invitation.id, now):
            raise InvitationUsed("invitation_used").of_login(login.id, login.reference)
        if found.person is None and not people.bind(tx, identity_of(found.login, person.id, now)):
            raise InvitationMismatch("identity_taken").of_login(login.id, login.reference)
        self._activate(tx, found, person, invitation, now)
        for client_id, scopes in self._agreed(found, invitation).items():
            self._consent(tx, found, person.id, client_id, scopes, address)
        redeemed = entry(now, TrailStep.REDEEM, "accepted", invitation=invitation.id, application=invitation.application)
        own = found.login.request is not None
        progress = replace(login.progress, redeemed_at=now).to_json()
        trail = login_trail.longer(login, redeemed)
        logins.change(tx, login, consented=own, invitation_id=invitation.id, progress=progress, trail=trail)

    def _activate(self, tx: Connection, found: LoginContext, person: Person, invitation: Invitation, now: int) -> None:
        assertion = found.login.assertion
        if assertion is None:
            raise BadRequest("consent_login_mismatch").of_login(found.login.id, found.login.reference)
        values: dict[str, Any] = {
            "partner": assertion.partner,
            "name": assertion.name or person.name,
            "profile": dict(assertion.claims),
        }
        invited = Mailbox(
            why=Why.INVITED,
            address=invitation.email,
            person=invitation.person_id,
            identity=(assertion.partner, assertion.issuer, assertion.subject),
        )
        asserted = assertion.email == person.email and assertion.email_verified
        if asserted or found.login.mailbox_proven == invited.mark(found.login.id):
            values["email_verified"] = True
        if person.state is GuestState.INVITED:
            values |= {"state": GuestState.ACTIVE.value, **begin(person, rules_of(self._settings()), now)}
        asked = mark_of(ConnectorStep.REDEMPTION, invitation.application, found.login, found.person)
        added = found.login.progress.connector.added_for(asked)
        if details := {_DETAILS[name]: value for name, value in added.items() if name in _DETAILS}:
            values["details"] = {**person.details, **details}
        people.change(tx, person.id, values)
        if invitation.application is not None and not _holds(tx, person.id, invitation.application, now):
            assignments.open_for(tx, new_id(), person.id, invitation.application, "", now)
        actor = Actor.person(person.id, request_id=found.login.reference)
        data = {"partner": assertion.partner, "application": invitation.application or ""}
        audit.record(tx, Event(name="invitation.redeemed", actor=actor, subject=person.id, target=invitation.id, data=data), now)

    def _agreed(self, found: LoginContext, invitation: Invitation) -> dict[str, tuple[str, ...]]:
        """What the page showed: the application that was opened, else the invitation's; of that one all scopes."""
        application, request = self._settings().applications.get(invitation.application or ""), found.login.request
        invited = {} if application is None else {application.client_id: tuple(application.scopes)}
        if request is None:
            return invited
        return {request.client_id: tuple(sorted({*invited.get(request.client_id, ()), *request.scopes}))}

    def _consent(
        self, tx: Connection, found: LoginContext, person_id: str, client_id: str, scopes: tuple[str, ...], address: str
    ) -> None:
        now = found.facts.now
        consents.record(tx, person_id, client_id, scopes, now)
        actor = Actor.person(person_id, address=address, request_id=found.login.reference)
        audit.record(
            tx, Event(name="consent.given", actor=actor, subject=person_id, target=client_id, data={"scopes": list(scopes)}), now
        )


def _holds(tx: Connection, person_id: str, application: str, now: int) -> bool:
    """Whether staff gave the person this application already, in any role and from whatever day: their end then counts."""
    held = assignments.of(tx, Principal.PERSON, person_id, application)
    return any(one.ends_at is None or one.ends_at > now for one in held)
