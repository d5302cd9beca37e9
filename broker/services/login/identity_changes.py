"""An identity that asserts another address, or another address and name, than last time (FA-18).

With another address only, the person gets in, the address of the record is no longer verified, and the person responsible for
them is asked. Another name as well requires proof first: a code to the recorded mailbox, or that answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict
from broker.domain.guest import Identity, Person
from broker.domain.guest_states import Act
from broker.domain.identity_change import Change, change_of
from broker.domain.mail import Mail, MailKind
from broker.domain.question import Question, QuestionKind
from broker.domain.times import DAY
from broker.services.guests.transitions import carry_out, rules_of
from broker.services.history import audit
from broker.services.login.context import LoginContext
from broker.services.messages.language import language_of
from broker.services.messages.mail_questions import Handler, ask
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import who_answers
from broker.services.sessions.present import identity_of
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.operations import mail_questions, rate_limits

ANSWERED_WITHIN = 14 * DAY


class IdentityChanges:
    """Records a change, asks about it, and carries out the answer. Every method works in the caller's transaction."""

    def __init__(self, settings: Callable[[], Settings], outbox: Outbox) -> None:
        self._settings = settings
        self._outbox = outbox

    def settle(self, tx: Connection, found: LoginContext, person: Person, actor: Actor) -> Person:
        """For a sign-in that is allowed: stores what the identity asserts; the person as the record is then."""
        assertion, now = found.login.assertion, found.facts.now
        if assertion is None:
            return person
        change = change_of(person, assertion)
        values: dict[str, bool] = {}
        if change is Change.ADDRESS:
            asked = self._ask(tx, person, assertion, now)
            self._record(tx, person, assertion, actor, now, what=change, asked=asked, proven=False)
            values = {"email_verified": False}
        elif change is Change.BOTH:  # the gate required the proof of the recorded mailbox
            mail_questions.close(tx, person.id, QuestionKind.IDENTITY, now)
            self._record(tx, person, assertion, actor, now, what=change, asked=False, proven=True)
        elif assertion.email == person.email and assertion.email_verified and not person.email_verified:
            values = {"email_verified": True}
        if values:
            people.change(tx, person.id, values)
        identity = identity_of(found.login, person.id, now)
        if assertion.email is not None and (identity.asserted_email, identity.asserted_name) != (
            person.asserted_email,
            person.asserted_name,
        ):
            people.store_asserted(tx, identity)
        return replace(person, email_verified=values.get("email_verified", person.email_verified))

    def note(self, tx: Connection, found: LoginContext, reason: str, actor: Actor) -> bool:
        """For a person who is refused because name and address differ: asks the person responsible. True if they were asked."""
        assertion, person, now = found.login.assertion, found.person, found.facts.now
        if reason != "identity_changed" or assertion is None or person is None:
            return False
        asked = self._ask(tx, person, assertion, now)
        self._record(tx, person, assertion, actor, now, what=Change.BOTH, asked=asked, proven=False)
        return asked

    def answers(self) -> Mapping[str, Handler]:
        """The handlers of the answers to the question whether this is still the same person."""
        return {"yes": self._same, "no": self._stop}

    def _ask(self, tx: Connection, person: Person, assertion: Assertion, now: int) -> bool:
        """Asks once a day for each person. False if nobody is responsible, or if they were asked already."""
        settings = self._settings()
        asked = who_answers(tx, settings, QuestionKind.IDENTITY, person, None, now)
        if not asked or rate_limits.count_attempt(tx, f"identity:{person.id}", now, DAY) > 1:
            return False
        mail_questions.close(tx, person.id, QuestionKind.IDENTITY, now)
        partner = settings.partners.get(assertion.partner)
        data: dict[str, object] = {
            "partner_id": assertion.partner,
            "issuer": assertion.issuer,
            "subject": assertion.subject,
            "tried": assertion.email or "",
            "name": assertion.name or "",
            "at": partner.name if partner else assertion.partner,
        }
        for one in asked:
            ticket = ask(tx, QuestionKind.IDENTITY, person.id, one, data, ANSWERED_WITHIN, now)
            self._outbox.add(tx, self._mail(tx, person, one, data, f"{settings.issuer}/question/{ticket}"), now)
        return True

    def _mail(self, tx: Connection, person: Person, asked: str, data: Mapping[str, object], url: str) -> Mail:
        member = people.by_email(tx, asked)
        values = {
            "guest": person.name or person.email,
            "email": person.email,
            "tried": data["tried"],
            "name": data["name"],
            "at": data["at"],
            "url": url,
        }
        language = language_of(member, self._settings())
        return Mail(kind=MailKind.IDENTITY, recipient=asked, language=language, person=person.id, values=values)

    @staticmethod
    def _record(
        tx: Connection, person: Person, assertion: Assertion, actor: Actor, now: int, *, what: Change, asked: bool, proven: bool
    ) -> None:
        personal = {
            "asserted": assertion.email or "",
            "asserted_name": assertion.name or "",
            "before": person.asserted_email or "",
        }
        data = {"partner": assertion.partner, "what": str(what), "told": asked, "proven": proven}
        event = Event(
            name="identity.changed",
            actor=actor,
            subject=person.id,
            data=data,
            personal={name: value for name, value in personal.items() if value},
        )
        audit.record(tx, event, now)

    def _same(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """The asserted name and address are this person's from now on; this does not verify the address."""
        data = question.data
        partner, issuer, subject = (str(data[name]) for name in ("partner_id", "issuer", "subject"))
        person = people.by_identity(tx, partner, issuer, subject)
        if person is None or person.id != question.person_id:
            raise Conflict("this identity is not bound to this person any more", "identity_gone")
        email, name = str(data["tried"])[:320], str(data["name"])[:256]
        people.store_asserted(
            tx,
            Identity(
                partner=partner,
                issuer=issuer,
                subject=subject,
                person_id=person.id,
                bound_at=now,
                asserted_email=email or None,
                asserted_name=name or None,
            ),
        )
        mail_questions.close(tx, person.id, QuestionKind.IDENTITY, now)
        event = Event(
            name="identity.accepted", actor=actor, subject=person.id, data={"partner": partner, "question": question.id}
        )
        audit.record(tx, event, now)

    def _stop(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """Another person has the account: blocks the access until staff decide."""
        person = people.by_id(tx, question.person_id, lock=True)
        if person is None:
            raise Conflict("there is no such guest any more", "guest_unknown")
        data = {"cause": "identity_changed", "question": question.id}
        carry_out(tx, actor, person, Act.BLOCK, now, rules_of(self._settings()), data=data)
