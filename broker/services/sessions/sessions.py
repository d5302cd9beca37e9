"""Sessions: opened when a login ends, ended by sign-out or by staff, with everything that belongs to them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from broker.domain.audit import Actor, Event
from broker.domain.factor import Proof
from broker.domain.facts import Facts
from broker.domain.guest import Person
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.login import Login, Session, home_mark
from broker.services.core import Core
from broker.services.history import audit
from broker.services.sessions import assurance
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.oauth import grants, sessions


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that ended, and the client ids of the applications that had a part in it."""

    sid: str
    applications: tuple[str, ...]


class Sessions:
    """The browser's sign-ins."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def find(self, cookie: str | None) -> tuple[Session, Person] | None:
        """The live session of a cookie and its person, if that person is active (SC-06)."""
        with self._db.read() as tx:
            session = self.of_cookie(tx, cookie, self._clock())
            person = people.by_id(tx, session.person_id) if session else None
        if session is None or person is None or person.state != "active" or person.is_expired(self._clock()):
            return None
        return session, person

    def of_cookie(self, tx: Connection, cookie: str | None, now: int) -> Session | None:
        """The live session of a cookie within a transaction."""
        if cookie is None:
            return None
        return sessions.by_cookie(tx, digest(cookie), now=now, idle=self._settings().broker.sessions.idle)

    def open(
        self, tx: Connection, *, login: Login, person: Person, facts: Facts, before: Session | None, device: str = ""
    ) -> tuple[Session, str | None]:
        """The session of a login that ends, and its new cookie if there is one.

        Without a new proof the session continues. With one, the same person keeps the sid with a new cookie (SC-01), and a
        session of another person in this browser ends. Proofs with own methods stay with the session. device: browser and system
        in words.
        """
        now = facts.now
        assertion = login.assertion
        if assertion is None:
            if before is None:
                raise RuntimeError("a login was issued without a session and without an assertion")
            return self._go_on(tx, login, before, facts)
        same = before is not None and before.person_id == person.id
        if before is not None and not same:
            self._end(tx, before.sid, now)
        lifetime = self._settings().broker.sessions.lifetime
        session = Session(
            sid=before.sid if before is not None and same else new_id(),
            person_id=person.id,
            partner=assertion.partner,
            issuer=assertion.issuer,
            acr=facts.factors.acr,
            amr=facts.factors.amr,
            auth_time=assertion.auth_time if assertion.auth_time is not None else login.created_at,
            auth_time_known=assertion.auth_time is not None,
            claims=dict(assertion.claims),
            proofs=self._proofs(login, before if same else None, person.id),
            device=device,
            home_name=home_mark(assertion.issuer, assertion.home_name),
            home_session=home_mark(assertion.issuer, assertion.home_session),
            home_logout=assertion.home_logout or "",
            created_at=before.created_at if before is not None and same else now,
            last_seen_at=now,
            expires_at=min(now + lifetime, assertion.session_ends or now + lifetime),
        )
        cookie = new_secret()
        if before is not None and same:
            if assertion.auth_time is None:  # HP-17: the time of the session's first assertion
                session = replace(session, auth_time=min(session.auth_time, before.auth_time))
            if sessions.renew(tx, session, digest(cookie)):
                return session, cookie
            session = replace(session, sid=new_id(), created_at=now)  # the person signed out meanwhile
        sessions.add(tx, session, digest(cookie))
        return session, cookie

    def _go_on(self, tx: Connection, login: Login, before: Session, facts: Facts) -> tuple[Session, str | None]:
        """Continues the session; with proofs of this login, under a new cookie."""
        if not login.proofs:
            if facts.now - before.last_seen_at >= 60:
                sessions.touch(tx, before.sid, facts.now)
            return before, None
        gathered = self._proofs(login, before, before.person_id)
        session = replace(before, acr=facts.factors.acr, amr=facts.factors.amr, proofs=gathered, last_seen_at=facts.now)
        cookie = new_secret()
        sessions.renew(tx, session, digest(cookie))
        return session, cookie

    @staticmethod
    def _proofs(login: Login, before: Session | None, person_id: str) -> tuple[Proof, ...]:
        at_home = assurance.home_proof(login.assertion, before)
        if at_home is not None and login.assertion is not None and login.progress.fresh_answered:
            at_home = replace(at_home, answered_at=login.created_at)
        return (*((at_home,) if at_home else ()), *assurance.own_proofs(login, before, person_id))

    def end(self, sid: str, actor: Actor, reason: str) -> tuple[str, ...] | None:
        """Ends a session with its grants, codes and tokens, offline_access included (HP-43, HP-63).

        The client ids of the applications that had a part in it; None if it had ended before.
        """
        now = self._clock()
        with self._db.write() as tx:
            session = sessions.by_sid(tx, sid)
            ended, applications = self._end(tx, sid, now)
            if session is None or not ended:
                return None
            audit.record(tx, _ended(actor, session, reason, applications), now)
            return tuple(applications)

    def end_others(self, person_id: str, kept: str, actor: Actor, reason: str) -> int:
        """End every session of a person except one, as `end` does; how many."""
        now, ended = self._clock(), 0
        with self._db.write() as tx:
            for one in sessions.live_of(tx, person_id, now):
                if one.sid == kept:
                    continue
                done, applications = self._end(tx, one.sid, now)
                if done:
                    ended += 1
                    audit.record(tx, _ended(actor, one, reason, applications), now)
        return ended

    def end_of_home(self, tx: Connection, partner: str, *, name: str, session: str, now: int) -> list[EndedSession]:
        """Ends the sessions that a partner's sign-in began, as `end` does, because the partner says so.

        name, session: marks of the person and of the partner's session (`home_mark`); both must fit where both are given.
        """
        ended = []
        for one in sessions.of_home(tx, partner, name=name, session=session):
            done, applications = self._end(tx, one.sid, now)
            if done:
                ended.append(EndedSession(one.sid, tuple(applications)))
                audit.record(tx, _ended(Actor.system(), one, "signed out at the home organization", applications), now)
        return ended

    @staticmethod
    def _end(tx: Connection, sid: str, now: int) -> tuple[bool, list[str]]:
        """Whether it had not ended before, and the applications that had a part in it."""
        return sessions.end(tx, sid, now), grants.end_of_session(tx, sid, now)


def _ended(actor: Actor, session: Session, reason: str, applications: list[str]) -> Event:
    data = {"applications": applications}
    return Event(name="session.ended", actor=actor, subject=session.person_id, target=session.sid, reason=reason, data=data)
