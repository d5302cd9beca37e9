"""Questions that nobody may answer any more: closed with what made them void (FA-03).

A block, an end that staff sets, a hand-over and a reset of the binding change who is asked, or what there is to ask. The
right is judged once more when a link is opened and when it is answered; closing keeps an old mail from reviving later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.guest import Person
from broker.domain.question import QuestionKind
from broker.services.history import audit
from broker.storage.engine import Connection
from broker.storage.factors import resets
from broker.storage.operations import mail_questions as questions


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was closed. values: columns of the person to set: a renewal that was open is asked again of the one to ask then."""

    questions: int
    values: dict[str, Any]

    def to_data(self) -> dict[str, object]:
        """For the audit event of the cause."""
        return {"questions_closed": self.questions} if self.questions else {}


def withdraw(
    tx: Connection, actor: Actor, person: Person, now: int, *, reason: str, but: QuestionKind | None = None
) -> Withdrawn:
    """Close what is asked about a person, and stop a reset of methods that was agreed to. but: a kind that stays open."""
    kinds = [kind for kind in QuestionKind if kind is not but]
    closed = {kind: questions.close(tx, person.id, kind, now) for kind in kinds}
    if resets.stop(tx, person.id):
        audit.record(tx, Event(name="factor.reset_stopped", actor=actor, subject=person.id, reason=reason), now)
    again = {"notices": 0} if closed.get(QuestionKind.RENEW) else {}
    return Withdrawn(sum(closed.values()), again)
