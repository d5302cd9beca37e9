"""Finds the person of a login or a session, and locks them until the transaction ends (SC-06)."""

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
    """session: of this browser. vouching: the same session, if it vouches for the person of this login. person: that person."""

    session: Session | None = None
    vouching: Session | None = None
    person: Person | None = None


def present(tx: Connection, login: Login, session_now: Callable[[], Session | None], *, lock: bool = True) -> Present:
    """The person's row is read after the lock, so a block, reset or deletion that runs at the same time is complete.

    session_now: reads the session of the browser. lock: False if the transaction changes nothing.
    """
    assertion = login.assertion
    if assertion is not None:
        person = people.by_identity(tx, assertion.partner, assertion.issuer, assertion.subject, lock=lock)
        return Present(session_now(), None, person)
    session = session_now()
    # IN-08: a live session redeems nothing by itself, and is not used after a choice of another account
    if session is None or login.another_account_asked or login.purpose is LoginPurpose.INVITATION:
        return Present(session)
    person = people.of_session(tx, session.sid, lock=lock)
    return Present(session, session, person) if person is not None else Present()


def identity_of(login: Login, person_id: str, now: int) -> Identity:
    """The external identity of this login's assertion, for a person."""
    assertion = login.assertion
    if assertion is None:
        raise LoginExpired("login_used")
    return Identity(
        partner=assertion.partner,
        issuer=assertion.issuer,
        subject=assertion.subject,
        person_id=person_id,
        bound_at=now,
        asserted_email=assertion.email[:320] if assertion.email else None,
        asserted_name=assertion.name[:256] if assertion.name else None,
    )
