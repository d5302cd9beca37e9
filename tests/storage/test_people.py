"""People, identities, invitations, assignments, consents and sessions as rows."""

from __future__ import annotations

from broker.domain.guest import GuestState, PersonKind
from broker.domain.ids import digest, new_id
from broker.domain.invitation import Status
from broker.storage.directory import consents, people
from broker.storage.engine import Database
from broker.storage.login import invitations
from broker.storage.oauth import sessions
from tests import factories
from tests.clock import START


def test_person_comes_back_whole(database: Database):
    """Every field survives the database; the address finds the person only for staff."""
    person = factories.person(kind=PersonKind.MEMBER, profile={"groups": ["a"]}, expires_at=START + 60)
    with database.write() as tx:
        assert people.add(tx, person)
        assert people.by_id(tx, person.id) == person
        assert people.by_email(tx, person.email) == person
        assert people.by_id(tx, "unknown") is None
        assert people.by_email(tx, "unknown@fabrikam.example") is None
        people.change(tx, person.id, {"state": GuestState.BLOCKED.value})
        found = people.by_id(tx, person.id)
    assert found is not None
    assert found.state is GuestState.BLOCKED


def test_identity_is_compared_in_exact_bytes(database: Database):
    """HO-14: partner, issuer and subject all count, with case and spaces; an address never finds anybody."""
    with database.write() as tx:
        person = factories.saved_person(tx)
        identity = factories.identity(person.id, subject="Fab-1")
        assert people.bind(tx, identity)
        found = people.by_identity(tx, identity.partner, identity.issuer, "Fab-1")
        assert found is not None
        assert found.id == person.id
        for partner, issuer, subject in (
            (identity.partner, identity.issuer, "fab-1"),
            (identity.partner, identity.issuer, "Fab-1 "),
            (identity.partner, identity.issuer + "/", "Fab-1"),
            ("northwind", identity.issuer, "Fab-1"),
            (identity.partner, identity.issuer, person.email),
        ):
            assert people.by_identity(tx, partner, issuer, subject) is None
        assert people.identities_of(tx, person.id) == [identity]


def test_invitation_life(database: Database):
    """A ticket finds it whatever its status; a newer one replaces it; it is taken once, not after its end (HT-12)."""
    with database.write() as tx:
        person = factories.saved_person(tx, state=GuestState.INVITED)
        first = factories.invitation(person.id)
        second = factories.invitation(person.id, created_at=START + 1)
        invitations.add(tx, first, digest("first"))
        assert people.pending_invitation(tx, person.email, START) == first.id
        assert not invitations.is_replaced(tx, first)
        assert invitations.revoke_pending(tx, person.id) == 1
        invitations.add(tx, second, digest("second"))
        assert invitations.is_replaced(tx, first)
        assert not invitations.is_replaced(tx, second)
        old = invitations.by_ticket(tx, digest("first"))
        assert old is not None
        assert (old.id, old.status) == (first.id, Status.REVOKED)
        assert invitations.by_id(tx, second.id) == second == invitations.latest_of(tx, person.id)
        assert invitations.by_ticket(tx, "first") is None  # HT-4: only the hash is there
        assert invitations.by_id(tx, first.id) != first
        assert not invitations.take(tx, first.id, START)
        assert not invitations.take(tx, second.id, second.expires_at)
        assert invitations.take(tx, second.id, second.expires_at - 1)
        assert people.pending_invitation(tx, person.email, START) is None
        assert invitations.latest_of(tx, new_id()) is None
        assert invitations.by_id(tx, new_id()) is None


def test_pending_invitation_is_for_the_invited_only(database: Database):
    """An invitation of somebody who is active already, or that is over, is not found without its link."""
    with database.write() as tx:
        active, waiting = factories.saved_person(tx), factories.saved_person(tx, state=GuestState.INVITED)
        for person in (active, waiting):
            invitations.add(tx, factories.invitation(person.id, expires_at=START + 60), digest(person.id))
        assert people.pending_invitation(tx, active.email, START) is None
        assert people.pending_invitation(tx, waiting.email, START + 59) is not None
        assert people.pending_invitation(tx, waiting.email, START + 60) is None


def test_consent_grows_and_is_withdrawn(database: Database):
    """HP-61: versions add up; what was withdrawn counts no more, and does not come back with the next version."""
    with database.write() as tx:
        person = factories.saved_person(tx)
        assert consents.given(tx, person.id, "payroll") is None
        consents.record(tx, person.id, "payroll", ["openid"], START)
        consents.record(tx, person.id, "payroll", ["email"], START + 1)
        assert consents.given(tx, person.id, "payroll") == frozenset({"openid", "email"})
        assert consents.given(tx, person.id, "wiki") is None
        assert consents.withdraw(tx, person.id, "payroll", START + 2) == 2
        assert consents.given(tx, person.id, "payroll") is None
        consents.record(tx, person.id, "payroll", ["openid"], START + 3)
        assert consents.given(tx, person.id, "payroll") == frozenset({"openid"})
        assert [(row["version"], row["withdrawn_at"]) for row in consents.listed(tx, person.id)] == [
            (3, None), (2, START + 2), (1, START + 2),
        ]  # fmt: skip


def test_session_is_found_by_its_cookie_while_it_lives(database: Database):
    """HT-12, HW-3: absolute end, idle end, ended; a renewal changes the cookie and keeps the sid."""
    with database.write() as tx:
        person = factories.saved_person(tx)
        session = factories.session(person.id)
        sessions.add(tx, session, digest("cookie"))

        def live(cookie: str, now: int):
            return sessions.by_cookie(tx, digest(cookie), now=now, idle=3600)

        assert live("cookie", START) == session
        assert live("cookie", START + 3599) == session
        assert live("cookie", START + 3600) is None
        sessions.touch(tx, session.sid, START + 12 * 3600 - 10)
        assert live("cookie", START + 12 * 3600 - 1) is not None
        assert live("cookie", START + 12 * 3600) is None
        sessions.renew(tx, factories.session(person.id, sid=session.sid, amr=("pwd", "otp")), digest("new"))
        assert live("cookie", START) is None
        renewed = live("new", START)
        assert renewed is not None
        assert (renewed.sid, renewed.amr) == (session.sid, ("pwd", "otp"))
        assert [found.sid for found in sessions.live_of(tx, person.id, START)] == [session.sid]
        assert sessions.end(tx, session.sid, START)
        assert live("new", START) is None
        assert sessions.live_of(tx, person.id, START) == []
        ended = sessions.by_sid(tx, session.sid)
        assert ended is not None
        assert ended.ended_at == START
        assert sessions.by_sid(tx, new_id()) is None
        assert sessions.purge(tx, session.expires_at) == 0
        assert sessions.purge(tx, session.expires_at + 1) == 1
