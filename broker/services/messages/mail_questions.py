"""Questions by mail: asked in the transaction of their cause, opened by a link that spends nothing, answered once.

The holder of the ticket answers: it went to one mailbox, the sponsor's. It opens one question about one guest, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest, CommandError, Invalid
from broker.domain.guest import GuestState, Person
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.question import Question, QuestionKind
from broker.services.core import Core
from broker.services.history import audit
from broker.services.messages.respondents import owners_of, who_answers
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import invitations
from broker.storage.operations import mail_questions

DOUBLE_CLICK = 60  # seconds in which the same answer again is the same click

Handler = Callable[[Connection, Question, Actor, int], None]  # does what the answer says, in the transaction that spends it
Handlers = Mapping[QuestionKind, Mapping[str, Handler]]  # kind -> answer -> handler


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question, and the person whom it is about."""

    question: Question
    person: Person


def ask(
    tx: Connection,
    kind: QuestionKind,
    person_id: str,
    asked: str,
    data: Mapping[str, object],
    lifetime: int,
    now: int,
) -> str:
    """Ask `asked` (a canonical address) about a person, within the transaction of the cause; the ticket for `/question/TICKET`.

    The ticket exists in the mail only: 256 bits, stored as SHA-256 (HT-4). data: JSON, shown on the page and given to the
    handler; never a secret. lifetime: seconds.
    """
    ticket = new_secret()
    question = Question(
        id=new_id(), kind=kind, person_id=person_id, asked=asked, data=data, created_at=now, expires_at=now + lifetime
    )
    mail_questions.add(tx, question, digest(ticket))
    return ticket


class Questions:
    """Open and answer."""

    def __init__(self, core: Core, handlers: Handlers) -> None:
        """handlers: what each answer of each kind does; they may raise CommandError, which leaves the question open."""
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._handlers = handlers

    def open(self, ticket: str) -> AskedQuestion:
        """The open question of a ticket, unspent.

        Raises BadRequest(question_over): unknown, over, answered, one about somebody who is gone, and one that somebody
        else is to be asked now have one answer.
        """
        now = self._clock()
        with self._db.read() as tx:
            question = mail_questions.by_ticket(tx, digest(ticket))
            person = people.by_id(tx, question.person_id) if question else None
            if question is None or person is None or not question.is_open(now) or not self._may(tx, question, person, now):
                raise BadRequest("question_over")
        return AskedQuestion(question, person)

    def _may(self, tx: Connection, question: Question, person: Person, now: int) -> bool:
        """Whether the one who was asked is the one to ask now (FA-03): the mail proves who they were, never who they are."""
        if person.state is GuestState.DELETED:
            return False
        if question.kind is QuestionKind.ACCESS:
            owners = owners_of(tx, self._settings(), str(question.data["client_id"]), now)
            return question.asked in owners and question.asked != person.email
        invitation = None
        if question.kind is QuestionKind.MISMATCH:
            invitation = invitations.by_id(tx, str(question.data["invitation"]))
        return question.asked in who_answers(tx, self._settings(), question.kind, person, invitation, now)

    def answer(
        self, ticket: str, answer: str, *, address: str, request_id: str = "", said: Mapping[str, str] | None = None
    ) -> AskedQuestion:
        """Answers once: one conditional statement uses the question up, with the act and its audit event (HT-3).

        The same answer again within a minute is a double click and does nothing. address: of the browser. said: the fields
        next to the button. Raises BadRequest(question_over) as `open` does, BadRequest(accept) for an answer that this kind does
        not have, Invalid for a field, which leaves the question open. The guest is locked before the decision; the audit
        records an answer of somebody who may not answer any more.
        """
        now, key = self._clock(), digest(ticket)
        try:
            with self._db.write() as tx:
                before = mail_questions.by_ticket(tx, key)
                if before is None:
                    raise BadRequest("question_over")
                handler = self._handlers.get(before.kind, {}).get(answer)
                if handler is None:
                    raise BadRequest("accept")
                person = people.by_id(tx, before.person_id, lock=True)
                if person is None:
                    raise BadRequest("question_over")
                before = mail_questions.by_ticket(tx, key) or before
                member = people.by_email(tx, before.asked)
                actor = Actor.person(member.id if member else "", address=address, request_id=request_id)
                if not before.is_open(now):
                    return AskedQuestion(_once_more(before, answer, now), person)
                if self._may(tx, before, person, now):
                    taken = mail_questions.take(tx, key, answer, now)
                    if taken is None:
                        return AskedQuestion(_once_more(mail_questions.by_ticket(tx, key), answer, now), person)
                    handler(tx, replace(taken, said=said or {}), actor, now)
                    audit.record(tx, _event("question.answered", taken, actor, answer), now)
                    return AskedQuestion(taken, people.by_id(tx, person.id) or person)
                audit.record(tx, _event("question.refused", before, actor, answer, "sponsor_gone"), now)
        except Invalid:
            raise
        except CommandError as error:
            raise BadRequest("question_over", error.reason) from None
        raise BadRequest("question_over", "sponsor_gone")


def _event(name: str, question: Question, actor: Actor, answer: str, reason: str = "") -> Event:
    return Event(
        name=name,
        actor=actor,
        reason=reason,
        subject=question.person_id,
        target=question.id,
        data={"kind": question.kind.value, "answer": answer},
        personal={"asked": question.asked},
    )


def _once_more(found: Question | None, answer: str, now: int) -> Question:
    if found is None or found.answer != answer or found.answered_at is None or now - found.answered_at > DOUBLE_CLICK:
        raise BadRequest("question_over")
    return found
