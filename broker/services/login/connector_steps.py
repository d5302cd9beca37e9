"""When an application's connector is asked: once a step of a login, outside any transaction; its answer is stored with the login."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from broker.connectors.outbound.client import DEADLINE, HttpFailure
from broker.domain.api_connector import MOST, ConnectorOutcome, ConnectorProgress, ConnectorStep
from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest, TooManyAttempts, Unavailable
from broker.domain.gates import decide
from broker.domain.next_step import Step
from broker.domain.sign_up import SignUp
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.services.core import Core
from broker.services.history import audit, login_trail
from broker.services.login.context import LoginContext, OpenLogin
from broker.services.sign_up.connector import ConnectorClient, mark_of
from broker.services.sign_up.connector_answer import ConnectorAnswer, failed
from broker.settings.connector_section import ConnectorSection
from broker.storage.engine import Connection
from broker.storage.factors import single_use
from broker.storage.login import logins

LATE = DEADLINE + 5  # seconds after which the request that asked is gone
_STEPS = {Step.SIGN_UP: ConnectorStep.SIGN_UP, Step.REDEEM: ConnectorStep.REDEMPTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What is to be asked. mark: of `mark_of`."""

    step: ConnectorStep
    client_id: str
    section: ConnectorSection
    mark: str
    said: dict[str, object]


class ConnectorSteps:
    """Asks, and stores the answer."""

    def __init__(self, core: Core, open_login: OpenLogin, connector: ConnectorClient) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._open_login = open_login
        self._connector = connector

    def is_due(self, found: LoginContext) -> bool:
        """Whether the step at which this login stands needs an answer first."""
        return self._due(found) is not None

    def settle(self, login_id: str, visitor: Visitor) -> None:
        """Asks, or waits for the request that asks, and returns when the login has an answer.

        Raises LoginExpired, TooManyAttempts (of one login), Unavailable (another request asks, and does not end).
        """
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            due = self._due(found)
            if due is None:
                return
            before = found.login.progress.connector
            if before.tries >= MOST:
                raise TooManyAttempts("connector_tries").of_login(found.login.id, found.login.reference)
            mine = single_use.once(tx, "connector", f"{login_id}\n{due.mark}\n{before.tries}", found.login.expires_at)
            if mine:
                _note(tx, found, before.asked(due.mark, found.facts.now))
        if mine:
            answer = self._connector.ask(due.section, due.step, login_id, due.said)
            self._store(login_id, visitor, due, before.tries, answer)
        else:
            self._wait(login_id, visitor, due, before.tries)

    def correct(self, login_id: str, visitor: Visitor, wish: SignUp) -> None:
        """The form as the person corrected it; the connector is asked again. Raises BadRequest if the login shows another page."""
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            login = found.login
            if decide(found.facts).next.step is not Step.CORRECT:
                raise BadRequest("sign_up_login_mismatch").of_login(login.id, login.reference)
            _note(tx, found, login.progress.connector.voided(), sign_up=wish.to_json())

    def _due(self, found: LoginContext) -> Inquiry | None:
        step = _STEPS.get(decide(found.facts).next.step)
        if step is None:
            return None
        client_id = found.invitation.application if step is ConnectorStep.REDEMPTION and found.invitation else None
        file = found.signing_up_for if step is ConnectorStep.SIGN_UP else self._settings().applications.get(client_id or "")
        section = file.self_service.connector if file else None
        if file is None or section is None or step.value not in section.steps:
            return None
        mark = mark_of(step, file.client_id, found.login, found.person)
        if found.login.progress.connector.answer_for(mark, found.facts.now):
            return None
        return Inquiry(step=step, client_id=file.client_id, section=section, mark=mark, said=_said(found, step, file.client_id))

    def _store(self, login_id: str, visitor: Visitor, due: Inquiry, tries: int, answer: ConnectorAnswer) -> None:
        """Nothing if the login went on without it: another account, another answer."""
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            login, now = found.login, found.facts.now
            held = login.progress.connector
            if (held.mark, held.tries, held.outcome) != (due.mark, tries, ""):
                return
            is_failure = answer.outcome is ConnectorOutcome.FAILED
            stored = replace(
                held,
                tries=tries + is_failure,
                asked_at=now,
                outcome=answer.outcome.value,
                message=answer.message,
                wrong_field=answer.wrong_field,
                attributes=dict(answer.attributes),
            )
            said = entry(now, TrailStep.CONNECTOR, answer.outcome.value, answer.problem, application=due.client_id)
            _note(tx, found, stored, trail=login_trail.longer(login, said))
            actor = Actor.person(found.facts.person.id or "", address=visitor.address, request_id=login.reference)
            data: dict[str, object] = {
                "step": due.step.value,
                "answer": answer.outcome.value,
                "attributes": sorted(answer.attributes),
                "ignored": list(answer.ignored),
            }
            event = Event(
                name="connector.answered",
                actor=actor,
                subject=found.facts.person.id or "",
                target=due.client_id,
                reason=answer.problem,
                data=data,
            )
            audit.record(tx, event, now)

    def _wait(self, login_id: str, visitor: Visitor, due: Inquiry, tries: int) -> None:
        """Until the request that asks has stored its answer. One that is gone, with its process, counts as a failure."""
        end = time.monotonic() + LATE
        try:
            with self._connector.waiting(due.section):
                while time.monotonic() < end:
                    held, now = self._held(login_id), self._clock()
                    if (held.mark, held.tries, held.outcome) != (due.mark, tries, ""):
                        return
                    if now > held.asked_at + LATE:
                        self._store(login_id, visitor, due, tries, failed("asking_ended"))
                        return
                    time.sleep(0.1)
        except HttpFailure as error:
            raise Unavailable("upstream_busy", error.detail) from error
        raise Unavailable("upstream_busy", "another request of this login asks the connector")

    def _held(self, login_id: str) -> ConnectorProgress:
        with self._db.read() as tx:
            login = logins.by_id(tx, login_id)
        return login.progress.connector if login is not None else ConnectorProgress()


def _note(tx: Connection, found: LoginContext, stored: ConnectorProgress, **values: object) -> None:
    progress = replace(found.login.progress, connector=stored).to_json()
    logins.change(tx, found.login, progress=progress, **values)


def _said(found: LoginContext, step: ConnectorStep, client_id: str) -> dict[str, object]:
    """The claims that go out: what the person wrote, or was invited as, and who vouched."""
    login, wish, invitation, said = found.login, found.login.sign_up, found.invitation, found.login.assertion
    partner = said.partner if said else found.home or ""
    common: dict[str, object] = {"application": client_id, "partner": partner, "reference": login.reference}
    if wish is not None and step is ConnectorStep.SIGN_UP:
        name = (said.name if said else "") or wish.name
        form = {"reason": wish.reason, "language": wish.language, "attributes": dict(wish.attributes)}
        return {**common, "email": found.proven_address, "name": name, **form}
    if invitation is None:
        return common
    name = (said.name if said else "") or (found.person.name if found.person else "")
    who = {"email": invitation.email, "name": name, "language": invitation.language}
    return {**common, **who, "guest": invitation.person_id, "invitation": invitation.id}
