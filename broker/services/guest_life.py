"""A guest's life: what staff, sponsors and time do to it. Every act is a legal move, with its audit event (domain/life.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import NotFound
from broker.domain.guest import Person
from broker.domain.life import Act, move
from broker.domain.question import Question, QuestionKind
from broker.services import audit
from broker.services.questions import Handler
from broker.storage import people, questions
from broker.storage.engine import Connection, Database


class GuestLife:
    """Block, unblock, renew."""

    def __init__(self, db: Database, clock: Callable[[], int]) -> None:
        self._db = db
        self._clock = clock

    # --- what a sponsor answers to the question `renew` ---------------------------------------------------------------

    def answers(self) -> Mapping[str, Handler]:
        """The answers to the question whether an access may go on."""
        return {"extend": self._extend, "end": self._let_end}

    def _extend(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """Until the time that the page named: the same length again."""
        until = question.data["until_at"]
        if not isinstance(until, int):
            raise TypeError("until_at is no time")
        person = _loaded(tx, question.person_id)
        questions.close(tx, person.id, QuestionKind.RENEW, now)
        data = {"expires_at": until, "expired_at": person.expires_at, "by": "sponsor"}
        self._set(tx, actor, person, Act.RENEW, {"expires_at": until}, now, data=data)

    def _let_end(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """Nothing changes, but nobody is asked again."""
        questions.close(tx, question.person_id, QuestionKind.RENEW, now)
        audit.record(tx, Event(name="guest.renewal_declined", actor=actor, subject=question.person_id), now)

    def _set(
        self,
        tx: Connection,
        actor: Actor,
        person: Person,
        act: Act,
        values: Mapping[str, Any],
        now: int,
        *,
        reason: str = "",
        data: Mapping[str, object] | None = None,
    ) -> None:
        """One move: the new state, what changes with it, and the event."""
        after = move(person.state, act, redeemed=person.redeemed_at is not None)
        people.change(tx, person.id, {"state": after.value, **values})
        name = {Act.RENEW: "guest.renewed"}[act]
        audit.record(tx, Event(name=name, actor=actor, subject=person.id, reason=reason, data=dict(data or {})), now)


def _loaded(tx: Connection, person_id: str) -> Person:
    person = people.by_id(tx, person_id)
    if person is None:
        raise NotFound("there is no such guest", "guest_unknown")
    return person
