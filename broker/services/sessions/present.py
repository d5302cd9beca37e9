"""Who is there: the person of a login or a session, held still until the transaction ends (SC-06)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.domain.errors import LoginExpired
from broker.domain.guest import Identity, Person
from broker.domain.login import Login, LoginPurpose, Session
from broker.storage.directory import people
from broker.storage.engine import Connection


@dataclass(frozen=True, slots=True)
class Present:
    """session: of this browser. vouching: the same where it vouches for the person of this login. person: who that is."""

    session: Session | None = None
    vouching: Session | None = None
    person: Person | None = None


def present(tx: Connection, login: Login, session_now: Callable[[], Session | None], *, lock: bool = True) -> Present:
    """Everything that is judged of a person is read after the lock: whoever blocks, resets or deletes them is waited for.

    session_now: reads the session of the browser. lock: False where nothing follows from it in this transaction.
    """
    said = login.assertion
    if said is not None:
        person = people.by_identity(tx, said.partner, said.issuer, said.subject, lock=lock)
        return Present(session_now(), None, person)
    session = session_now()
    # IN-08: an open session never redeems by itself; whoever asked for another account does not get this one
    if session is None or login.another_account_asked or login.purpose is LoginPurpose.INVITATION:
        return Present(session)
    person = people.of_session(tx, session.sid, lock=lock)
    return Present(session, session, person) if person is not None else Present()


def identity_of(login: Login, person_id: str, now: int) -> Identity:
    """The external identity of this login's assertion, for a person."""
    said = login.assertion
    if said is None:
        raise LoginExpired("login_used")
    return Identity(
        partner=said.partner,
        issuer=said.issuer,
        subject=said.subject,
        person_id=person_id,
        bound_at=now,
        said_email=said.email[:320] if said.email else None,
        said_name=said.name[:256] if said.name else None,
    )
