"""The lifecycle of guests: block, renew, expire, delete. Each act is a permitted change of state with its audit event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, NotFound
from broker.domain.expiry_rules import Rules
from broker.domain.guest import Person, PersonKind
from broker.domain.guest_states import Act
from broker.domain.question import Question, QuestionKind
from broker.services.authorization import Right
from broker.services.core import Core
from broker.services.guests import acts
from broker.services.guests.transitions import carry_out, remove, rules_of
from broker.services.guests.views import DeletedGuest, GuestRow
from broker.services.history import audit
from broker.services.history.reasons import checked_reason
from broker.services.lookup import guest_for, named
from broker.services.messages.mail_questions import Handler
from broker.services.sessions.revocation import Ended
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.operations import mail_questions

_RIGHTS = {Act.BLOCK: Right.BLOCK, Act.UNBLOCK: Right.BLOCK, Act.RENEW: Right.RENEW, Act.EXPIRE: Right.RENEW}


class GuestLife:
    """The acts of staff, sponsors and guests. Members can be blocked and deleted, too; their access has no end."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def block(self, actor: Actor, name: str, *, reason: str = "") -> GuestRow:
        """Blocks a person: sessions and tokens end now, everything else stays. Raises NotFound, Conflict, Invalid."""
        return self._act(actor, name, Act.BLOCK, reason)

    def unblock(self, actor: Actor, name: str, *, reason: str = "") -> GuestRow:
        """Unblocks a person, who gets their earlier state; ended sessions and tokens stay ended. Raises NotFound, Conflict, Invalid."""
        return self._act(actor, name, Act.UNBLOCK, reason)

    def expire(self, actor: Actor, name: str, *, reason: str = "") -> GuestRow:
        """Ends the access now. Raises NotFound, Conflict, Invalid."""
        return self._act(actor, name, Act.EXPIRE, reason, values=lambda _person, _rules, now: {"expires_at": now})

    def renew(self, actor: Actor, name: str, *, until: int | None = None, forever: bool = False, reason: str = "") -> GuestRow:
        """Sets another end of access; within `guests.restore` after its end it restores the access.

        until: seconds since 1970; None: `guests.lifetime` from now on. forever: no end. Raises NotFound, Conflict
        (blocked, deleted, a member, too late to restore), Invalid (no such time).
        """

        def ends(person: Person, rules: Rules, now: int) -> dict[str, Any]:
            return acts.renewal(person, rules, now, until=until, forever=forever)

        return self._act(actor, name, Act.RENEW, reason, values=ends)

    def sign_out(self, actor: Actor, name: str, *, reason: str = "") -> Ended:
        """Ends every session and token, also of applications; the person may sign in again. Raises NotFound, Invalid."""
        now = self._clock()
        checked_reason(reason)
        with self._db.write() as tx:
            person = guest_for(tx, self._settings(), actor, Right.SIGN_OUT, name, now, lock=True)
            return acts.sign_out(tx, actor, person, now, reason=reason)

    def delete(self, actor: Actor, name: str, *, reason: str = "") -> DeletedGuest:
        """Ends the access and deletes personal data for good. Raises NotFound, Conflict, Invalid.

        reason: stays in the audit, so it must not name the guest.
        """
        now = self._clock()
        with self._db.write() as tx:
            person = guest_for(tx, self._settings(), actor, Right.DELETE, name, now, lock=True)
            rows = acts.delete(tx, actor, person, now, reason=checked_reason(reason))
            return DeletedGuest(id=person.id, email=person.email, rows=rows)

    def leave(self, actor: Actor, person_id: str) -> None:
        """A guest deletes themselves. Raises NotFound, Conflict (a member cannot leave here)."""
        now = self._clock()
        with self._db.write() as tx:
            person = named(tx, person_id, lock=True)
            if person.kind is PersonKind.MEMBER:
                raise Conflict("a member does not leave here", "is_member")
            remove(tx, actor, person, now, reason="left")

    def _act(
        self,
        actor: Actor,
        name: str,
        act: Act,
        reason: str,
        *,
        values: Callable[[Person, Rules, int], dict[str, Any]] | None = None,
    ) -> GuestRow:
        now, rules = self._clock(), rules_of(self._settings())
        checked_reason(reason)
        with self._db.write() as tx:
            person = guest_for(tx, self._settings(), actor, _RIGHTS[act], name, now, lock=True)
            changed = values(person, rules, now) if values else {}
            return GuestRow.of(acts.change(tx, actor, person, act, now, rules, reason=reason, values=changed))

    # --- what a sponsor answers to the question `renew` ---------------------------------------------------------------

    def answers(self) -> Mapping[str, Handler]:
        """The answers to the question whether an access continues."""
        return {"extend": self._extend, "end": self._let_end}

    def _extend(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """Renews until the time that the page named; after the end it restores the access."""
        until = question.data["until_at"]
        if not isinstance(until, int):
            raise TypeError("until_at is no time")
        person = _loaded(tx, question.person_id)
        if person.expires_at != question.data["ends_at"]:  # FA-03: staff has set another end since
            raise Conflict("this access has another end by now", "end_changed")
        mail_questions.close(tx, person.id, QuestionKind.RENEW, now)
        values = {"expires_at": until, "notices": 0, "last_sign_in": acts.seen(person, now)}
        data = {"expires_at": until, "before": person.expires_at, "question": question.id}
        carry_out(tx, actor, person, Act.RENEW, now, rules_of(self._settings()), values=values, data=data)

    def _let_end(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """The access ends as planned, and nobody is asked again."""
        mail_questions.close(tx, question.person_id, QuestionKind.RENEW, now)
        people.change(tx, question.person_id, {"notices": 2})
        data = {"question": question.id}
        audit.record(tx, Event(name="guest.renewal_declined", actor=actor, subject=question.person_id, data=data), now)


def _loaded(tx: Connection, person_id: str) -> Person:
    person = people.by_id(tx, person_id, lock=True)
    if person is None:
        raise NotFound("there is no such guest", "guest_unknown")
    return person
