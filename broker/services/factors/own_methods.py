"""A person's own sign-in methods, on a page of theirs: named, removed, new recovery codes made. Only after a fresh proof (MF-07)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest
from broker.domain.factor import FRESH, own
from broker.domain.guest import Person
from broker.domain.login import Session
from broker.domain.visitor import Visitor
from broker.factors import recovery
from broker.services.core import Core
from broker.services.guests.views import MethodView
from broker.services.history import audit
from broker.services.messages.factor_notices import notice
from broker.services.messages.outbox import Outbox
from broker.services.sessions.sessions import Sessions
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.factors import factors
from broker.storage.oauth import sessions

NAME = 40  # characters


class NotFresh(Exception):
    """The last proof is too long ago: the person is to prove himself first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMethods:
    """A person's sign-in methods. codes_left: unused recovery codes."""

    methods: tuple[MethodView, ...]
    codes_left: int


class Methods:
    """Each use-case is one transaction, by the cookie of a live session."""

    def __init__(self, core: Core, sessions: Sessions, outbox: Outbox) -> None:
        self._db = core.db
        self._clock = core.clock
        self._sessions = sessions
        self._outbox = outbox

    def of(self, person_id: str) -> OwnMethods:
        """The methods of a person."""
        with self._db.read() as tx:
            methods = tuple(MethodView.of(one) for one in factors.of_person(tx, person_id))
            return OwnMethods(methods=methods, codes_left=factors.codes_left(tx, person_id))

    def is_fresh(self, visitor: Visitor) -> bool:
        """Whether what changes a method may be done now, or wants a proof first."""
        with self._db.read() as tx:
            try:
                self._fresh(tx, visitor, self._clock())
            except NotFresh:
                return False
        return True

    def rename(self, visitor: Visitor, factor_id: str, name: str) -> None:
        """Give a method a name, or take it away. Raises NotFresh, BadRequest."""
        now, plain = self._clock(), _name(name)
        with self._db.write() as tx:
            _session, person = self._fresh(tx, visitor, now)
            if not factors.rename(tx, factor_id, person.id, plain):
                raise BadRequest("factor_unknown")
            self._note(tx, person, "factor.renamed", visitor.address, now, {"factor": factor_id})

    def remove(self, visitor: Visitor, factor_id: str) -> None:
        """Remove a method; what was proven with it counts in no session any more. Raises NotFresh, BadRequest."""
        now = self._clock()
        with self._db.write() as tx:
            _session, person = self._fresh(tx, visitor, now)
            held = factors.of_person(tx, person.id)
            gone = next((factor for factor in held if factor.id == factor_id), None)
            if gone is None or not factors.remove(tx, factor_id, person.id):
                raise BadRequest("factor_unknown")
            if len(held) == 1:
                factors.remove_all(tx, person.id)  # recovery codes stand in for a method: without one they open nothing
            for session in sessions.live_of(tx, person.id, now):
                lost = {factor_id, *(["recovery"] if len(held) == 1 else [])}
                kept = tuple(proof for proof in session.proofs if proof.by not in lost)
                if len(kept) < len(session.proofs):
                    sessions.set_proofs(tx, replace(session, proofs=kept))
            data: dict[str, object] = {"factor": factor_id, "method": gone.method.value}
            self._note(tx, person, "factor.removed", visitor.address, now, data, mail="removed")

    def renew_codes(self, visitor: Visitor) -> tuple[str, ...]:
        """Ten new recovery codes in place of the old ones; they are shown here and nowhere else. Raises NotFresh, BadRequest."""
        now = self._clock()
        with self._db.write() as tx:
            _session, person = self._fresh(tx, visitor, now)
            if not factors.of_person(tx, person.id):
                raise BadRequest("factor_unknown")
            codes = recovery.new_codes()
            hashes = [recovery.hashed(person.id, recovery.normal(code) or "") for code in codes]
            factors.set_codes(tx, person.id, hashes, now)
            self._note(tx, person, "factor.recovery_renewed", visitor.address, now, {}, mail="recovery_renewed")
        return codes

    def _fresh(self, tx: Connection, visitor: Visitor, now: int) -> tuple[Session, Person]:
        """The session and its person, who proved himself with a factor of ours just before (MF-07)."""
        session = self._sessions.of_cookie(tx, visitor.session_cookie, now)
        person = people.of_session(tx, session.sid, lock=True) if session else None
        if session is None or person is None or person.state != "active" or person.is_expired(now):
            raise NotFresh
        proofs = own(session.proofs, person.id)
        if not proofs or (proofs[-1].at or 0) < now - FRESH:
            raise NotFresh
        return session, person

    def _note(
        self,
        tx: Connection,
        person: Person,
        name: str,
        address: str,
        now: int,
        data: dict[str, object],
        *,
        mail: str = "",
    ) -> None:
        actor = Actor.person(person.id, address=address)
        audit.record(tx, Event(name=name, actor=actor, subject=person.id, data=data), now)
        if mail:
            self._outbox.add(tx, notice(person, mail, now, data), now)


def _name(text: str) -> str:
    """What people type, without what does not show."""
    plain = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    return " ".join(plain.split())[:NAME]
