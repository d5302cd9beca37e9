"""Questions by mail: asked in the transaction of their cause, opened by a link that spends nothing, answered once.

Whoever holds the ticket answers: it went to one mailbox, the sponsor's. It opens one question about one guest, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest, CommandError
from broker.domain.guest import Person, State
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.question import Question, QuestionKind
from broker.services import audit
from broker.storage import people, questions
from broker.storage.engine import Connection, Database

DOUBLE_CLICK = 60  # seconds in which the same answer again is the same click

Handler = Callable[[Connection, Question, Actor, int], None]  # does what the answer says, in the transaction that spends it
Handlers = Mapping[QuestionKind, Mapping[str, Handler]]  # kind -> answer -> handler


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page behind the link shows."""

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
    questions.add(tx, question, digest(ticket))
    return ticket


class Questions:
    """Open and answer."""

    def __init__(self, db: Database, clock: Callable[[], int], handlers: Handlers) -> None:
        """handlers: what each answer of each kind does; they may raise CommandError, which leaves the question open."""
        self._db = db
        self._clock = clock
        self._handlers = handlers

    def open(self, ticket: str) -> Asked:
        """The open question of a ticket, unspent.

        Raises BadRequest(question_over): unknown, over, answered, and one about somebody who is gone have one answer.
        """
        with self._db.read() as tx:
            question = questions.by_ticket(tx, digest(ticket))
            person = people.by_id(tx, question.person_id) if question else None
        if question is None or person is None or person.state is State.DELETED or not question.is_open(self._clock()):
            raise BadRequest("question_over")
        return Asked(question, person)

    def answer(self, ticket: str, answer: str, *, address: str, request_id: str = "") -> Question:
        """Answer once: spent by one conditional statement (HT-3), with what the answer does and its audit event.

        The same answer again within a minute is a double click and does nothing. address: of the browser. Raises
        BadRequest(question_over) as `open` does, BadRequest(accept) for an answer that this kind has not.
        """
        now, key = self._clock(), digest(ticket)
        try:
            with self._db.write() as tx:
                before = questions.by_ticket(tx, key)
                if before is None:
                    raise BadRequest("question_over")
                handler = self._handlers.get(before.kind, {}).get(answer)
                if handler is None:
                    raise BadRequest("accept")
                taken = questions.take(tx, key, answer, now)
                if taken is None:
                    return _once_more(questions.by_ticket(tx, key), answer, now)
                member = people.by_email(tx, taken.asked)
                actor = Actor(kind="person", id=member.id if member else "", address=address, request_id=request_id)
                handler(tx, taken, actor, now)
                audit.record(tx, _answered(taken, actor, answer), now)
                return taken
        except CommandError as error:
            raise BadRequest("question_over", error.reason) from None


def _answered(question: Question, actor: Actor, answer: str) -> Event:
    return Event(
        name="question.answered",
        actor=actor,
        subject=question.person_id,
        target=question.id,
        data={"kind": question.kind.value, "answer": answer},
        personal={"asked": question.asked},
    )


def _once_more(found: Question | None, answer: str, now: int) -> Question:
    if found is None or found.answer != answer or found.answered_at is None or now - found.answered_at > DOUBLE_CLICK:
        raise BadRequest("question_over")
    return found
