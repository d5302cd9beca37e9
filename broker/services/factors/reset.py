"""A lost phone: the sponsor vouches, three days pass, the methods go. Nobody is reset in silence (MF-12).

The guest asks within a sign-in at home that stands before the challenge; sponsor or administrators answer by a link; until the
time is over a proof with any method stops it. An administrator at the command line needs no time and no sponsor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.domain.audit import Actor, ActorKind, Event
from broker.domain.errors import BadRequest, Conflict
from broker.domain.gates import decide
from broker.domain.guest import Person
from broker.domain.mail import Mail, MailKind
from broker.domain.next_step import Step
from broker.domain.question import Question, QuestionKind
from broker.domain.times import DAY
from broker.domain.visitor import Visitor
from broker.services.authorization import Right
from broker.services.core import Core
from broker.services.guests.views import GuestRow
from broker.services.history import audit
from broker.services.login.context import OpenLogin
from broker.services.lookup import guest_for
from broker.services.messages.factor_notices import notice
from broker.services.messages.language import language_of
from broker.services.messages.mail_questions import Handler, ask
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import who_answers
from broker.services.sessions.revocation import end_access
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.factors import factors, resets
from broker.storage.operations import mail_questions, rate_limits

WAITING = 3 * DAY  # between the sponsor's yes and the reset
ANSWERED_WITHIN = 7 * DAY
VOUCHED = 7 * DAY  # in which a first method may be added
_KINDS = {
    Step.CHALLENGE: QuestionKind.FACTOR_RESET,
    Step.VOUCH: QuestionKind.FIRST_METHOD,
}  # where a login stands -> what is asked
_WORDS = {QuestionKind.FACTOR_RESET: "reset", QuestionKind.FIRST_METHOD: "first"}  # in the names of events and notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """may_ask: somebody answers for the person. due_at: when the methods will be removed; None where nobody has agreed to it."""

    may_ask: bool
    due_at: int | None


class FactorResets:
    """Ask, answer, carry out."""

    def __init__(self, core: Core, open_login: OpenLogin, outbox: Outbox) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._open_login = open_login
        self._outbox = outbox

    def prospect(self, person: Person) -> Prospect:
        """What can become of a lost method of this person."""
        now = self._clock()
        with self._db.read() as tx:
            return Prospect(may_ask=bool(self._answering(tx, person, now)), due_at=resets.due_at(tx, person.id))

    def _answering(self, tx: Connection, person: Person, now: int) -> list[str]:
        """Who can vouch for this person; nobody does so for himself."""
        return who_answers(tx, self._settings(), QuestionKind.FACTOR_RESET, person, None, now)

    def ask(self, login_id: str, visitor: Visitor) -> bool:
        """Ask the sponsor of this login's person; False if there is none. Once a day. Raises BadRequest elsewhere."""
        settings = self._settings()
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            login, person, now = found.login, found.person, found.facts.now
            step = decide(found.facts).next.step
            if person is None or step not in _KINDS:
                raise BadRequest("factor_login_mismatch").of_login(login.id, login.reference)
            asked = self._answering(tx, person, now)
            if not asked or rate_limits.count_attempt(tx, f"factor_reset:{person.id}", now, DAY) > 1:
                return bool(asked)
            kind = _KINDS[step]
            mail_questions.close(tx, person.id, kind, now)
            at = found.partner.name if found.partner else ""
            for one in asked:
                ticket = ask(tx, kind, person.id, one, {}, ANSWERED_WITHIN, now)
                self._outbox.add(tx, self._mail(tx, kind, person, one, at, f"{settings.issuer}/question/{ticket}"), now)
            actor = Actor.person(person.id, address=visitor.address, request_id=login.reference)
            self._tell(tx, person, actor, f"factor.{_WORDS[kind]}_asked", now, {"asked": len(asked)})
        return True

    def answers(self) -> Mapping[str, Handler]:
        """The answers to the questions whether the phone is lost, and whether a first method may be added."""
        return {"yes": self._agree, "no": self._decline}

    def reset(self, actor: Actor, name: str, *, reason: str = "") -> GuestRow:
        """Staff removes every method at once; sessions and tokens end. Raises NotFound, Conflict (there is nothing to remove)."""
        now = self._clock()
        with self._db.write() as tx:
            person = guest_for(tx, self._settings(), actor, Right.RESET_FACTORS, name, now, lock=True)
            if not self._carry_out(tx, person, actor, now, reason):
                raise Conflict(f"{person.email} has no sign-in method of ours", "factor_unknown")
            return GuestRow.of(person)

    def look(self) -> int:
        """Carry out what is due; how many."""
        now, done = self._clock(), 0
        with self._db.read() as tx:
            due = resets.due(tx, now)
        for person_id in due:
            with self._db.write() as tx:
                person = people.by_id(tx, person_id, lock=True)
                if not resets.take(tx, person_id, now) or person is None:
                    continue
                if self._still_vouched(tx, person, now):
                    done += self._carry_out(tx, person, Actor.system(), now, "vouched for")
                else:
                    event = Event(name="factor.reset_stopped", actor=Actor.system(), subject=person.id, reason="sponsor_gone")
                    audit.record(tx, event, now)
                    self._outbox.add(tx, notice(person, "reset_stopped", now, {}), now)
        return done

    def _still_vouched(self, tx: Connection, person: Person, now: int) -> bool:
        """Whether the one who agreed is still the one to ask: three days are time enough to find out who it was (FA-03)."""
        said = next((one for one in mail_questions.of_person(tx, person.id) if _agreed(one)), None)
        return said is not None and said.asked in self._answering(tx, person, now)

    def _agree(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        person = people.by_id(tx, question.person_id)
        if person is None:
            raise Conflict("there is no such guest any more", "guest_unknown")
        mail_questions.close(tx, person.id, question.kind, now)
        resets.schedule(tx, person.id, now + WAITING, now)
        data = {"due_at": now + WAITING, "question": question.id}
        self._tell(tx, person, actor, f"factor.{_WORDS[question.kind]}_due", now, data)

    def _decline(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """Nothing changes, and nobody else is asked about it any more."""
        mail_questions.close(tx, question.person_id, question.kind, now)
        name = f"factor.{_WORDS[question.kind]}_declined"
        audit.record(tx, Event(name=name, actor=actor, subject=question.person_id), now)

    def _carry_out(self, tx: Connection, person: Person, actor: Actor, now: int, reason: str) -> bool:
        """Remove what there is, and let a first method be added for a week: the person who agreed is the second channel (FA-05)."""
        resets.stop(tx, person.id)
        gone = factors.remove_all(tx, person.id)
        if not gone and person.vouched_until is not None and now < person.vouched_until:
            return False
        people.change(tx, person.id, {"vouched_until": now + VOUCHED})
        what = "reset" if gone else "first_vouched"
        if gone:
            end_access(tx, person.id, now)
        personal = (
            {"reason": reason} if reason and actor.kind is not ActorKind.SYSTEM else {}
        )  # a person's words may name somebody (HT-18)
        event = Event(name=f"factor.{what}", actor=actor, subject=person.id, reason="" if personal else reason, personal=personal)
        audit.record(tx, event, now)
        self._outbox.add(tx, notice(person, what, now, {}), now)
        return True

    def _tell(self, tx: Connection, person: Person, actor: Actor, name: str, now: int, data: dict[str, object]) -> None:
        audit.record(tx, Event(name=name, actor=actor, subject=person.id, data=data), now)
        self._outbox.add(tx, notice(person, name.removeprefix("factor."), now, data), now)

    def _mail(self, tx: Connection, kind: QuestionKind, person: Person, asked: str, at: str, url: str) -> Mail:
        member = people.by_email(tx, asked)
        language = language_of(member, self._settings())
        values = {"guest": person.name or person.email, "email": person.email, "at": at, "url": url}
        return Mail(kind=MailKind(kind.value), recipient=asked, language=language, person=person.id, values=values)


def _agreed(question: Question) -> bool:
    return question.kind in _WORDS and question.answer == "yes"
