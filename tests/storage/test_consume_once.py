"""HT-3: whatever is used once is taken by one statement: of twenty parallel attempts one succeeds, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from broker.domain.ids import digest, new_id
from broker.domain.login import Grant, Stage
from broker.storage.directory import assignments, people, subjects
from broker.storage.engine import Database
from broker.storage.factors import single_use
from broker.storage.login import invitations, logins
from broker.storage.oauth import device_codes, grants, pushed_requests, sessions, tokens
from broker.storage.operations import mail_questions, rate_limits
from broker.storage.partners import documents
from tests import factories
from tests.clock import START
from tests.race import PARALLEL, race

Attempt = Callable[[Connection, int], object]


def saved_grant(tx: Connection) -> Grant:
    """A grant of a guest to the payroll application."""
    row = factories.grant(factories.saved_person(tx).id)
    grants.add(tx, row)
    return row


def invitation(tx: Connection) -> Attempt:
    """IN-03: a ticket is redeemed once."""
    row = factories.invitation(factories.saved_person(tx).id)
    invitations.add(tx, row, digest("ticket"))
    return lambda tx, _: invitations.take(tx, row.id, START + 1)


def question(tx: Connection) -> Attempt:
    """HT-3: a question by mail is answered once."""
    mail_questions.add(tx, factories.question(factories.saved_person(tx).id), digest("ticket"))
    return lambda tx, n: mail_questions.take(tx, digest("ticket"), "extend" if n % 2 else "end", START + 1)


def answer_of_a_login(tx: Connection) -> Attempt:
    """HO-10: the answer of an identity provider is taken once."""
    row = factories.login()
    logins.add(tx, row, browser=digest("browser"), address="192.0.2.1")
    logins.send_out(tx, row, state=digest("state"), memory="", partner="fabrikam", trail=[], now=START)
    return lambda tx, _: logins.take_answer(tx, row, digest("state"), START + 1)


def end_of_a_login(tx: Connection) -> Attempt:
    """One login gives one answer."""
    row = factories.login()
    logins.add(tx, row, browser=digest("browser"), address="192.0.2.1")
    return lambda tx, _: logins.close(tx, row, START + 1)


def task_of_a_login(tx: Connection) -> Attempt:
    """Two tabs at the page that adds a factor show one seed, or one of them could not be confirmed."""
    row = factories.login()
    logins.add(tx, row, browser=digest("browser"), address="192.0.2.1")
    return lambda tx, n: logins.set_task(tx, row, f"task-{n}")


def parked_content(tx: Connection) -> Attempt:
    """HW-4, HS-31: what was parked is claimed once."""
    row = factories.login()
    logins.add(tx, row, browser=digest("browser"), address="192.0.2.1")
    logins.park(tx, handle=digest("handle"), login_id=row.id, partner="fabrikam", content="sealed", expires_at=START + 120)
    return lambda tx, _: logins.claim(tx, digest("handle"), row.id, START + 1)


def identity(tx: Connection) -> Attempt:
    """AL-07: an external identity is bound to one person, whoever comes first."""
    persons = [factories.saved_person(tx) for _ in range(PARALLEL)]
    return lambda tx, n: people.bind(tx, factories.identity(persons[n].id, subject="the same"))


def address(_tx: Connection) -> Attempt:
    """IN-12: never two persons for one address."""
    return lambda tx, _: people.add(tx, factories.person(email="one@fabrikam.example"))


def assignment(tx: Connection) -> Attempt:
    """A person has a role at an application once."""
    row = factories.saved_person(tx)
    return lambda tx, _: assignments.open_for(tx, new_id(), row.id, "payroll", "viewer", START)


def end_of_a_session(tx: Connection) -> Attempt:
    """A session ends once: its notices go out once."""
    row = factories.session(factories.saved_person(tx).id)
    sessions.add(tx, row, digest("cookie"))
    return lambda tx, _: sessions.end(tx, row.sid, START + 1)


def lease(_tx: Connection) -> Attempt:
    """A lease has one holder."""
    return lambda tx, n: rate_limits.take_lease(tx, "maintain", f"node-{n}", START, 60)


def right_to_fetch(_tx: Connection) -> Attempt:
    """HO-6, HT-20: one node fetches a partner's keys, however many unknown kids arrive."""
    return lambda tx, _: documents.claim(tx, "fabrikam", "jwks", "https://login.fabrikam.example/jwks", now=START, pause=60)


def right_to_fetch_from_a_new_address(tx: Connection) -> Attempt:
    """HO-6: also when the partner's keys have moved."""
    documents.claim(tx, "fabrikam", "jwks", "https://login.fabrikam.example/old", now=START, pause=60)
    return lambda tx, _: documents.claim(tx, "fabrikam", "jwks", "https://login.fabrikam.example/new", now=START + 1, pause=60)


def code(tx: Connection) -> Attempt:
    """HP-30: a code is spent once."""
    row = saved_grant(tx)
    grants.add_code(tx, "code", row, redirect_uri="https://payroll.contoso.example/cb", challenge=None, expires_at=START + 60)
    return lambda tx, _: grants.take_code(tx, "code", "payroll", START + 1)


def refresh_token(tx: Connection) -> Attempt:
    """HP-35: a refresh token is spent once."""
    family = tokens.add_family(tx, saved_grant(tx).id, "payroll", START + 600)
    tokens.add_refresh(tx, "refresh", family, START + 600)
    return lambda tx, _: tokens.take_refresh(tx, "refresh", "payroll", START + 1)


def pushed_request(tx: Connection) -> Attempt:
    """RFC 9126 4: a pushed request is used once."""
    pushed_requests.add(tx, "handle", "payroll", [("scope", "openid")], START + 60)
    return lambda tx, _: pushed_requests.take(tx, "handle", "payroll", START + 1)


def device_code(tx: Connection) -> Attempt:
    """RFC 8628 3.4: a device gets its tokens once."""
    waiting_device(tx)
    assert device_codes.allow(tx, "handle", saved_grant(tx).id, "payroll", START + 1)
    return lambda tx, _: device_codes.take(tx, "device", "payroll", START + 1)


def sign_in_for_a_device(tx: Connection) -> Attempt:
    """RFC 8628 3.3: a device is allowed once, by one sign-in."""
    waiting_device(tx)
    grant = saved_grant(tx)
    return lambda tx, _: device_codes.allow(tx, "handle", grant.id, "payroll", START + 1)


def waiting_device(tx: Connection) -> None:
    """A device for which somebody signs in."""
    device_codes.add(
        tx, device_code="device", user_code="user", client_id="payroll", scopes=(), pause=5, now=START, expires_at=START + 600
    )
    assert device_codes.begin(tx, "user", "handle", START)


def end_of_a_family(tx: Connection) -> Attempt:
    """HP-35: a family ends once."""
    family = tokens.add_family(tx, saved_grant(tx).id, "payroll", START + 600)
    return lambda tx, _: tokens.revoke_family(tx, family.id, START + 1)


def end_of_a_grant(tx: Connection) -> Attempt:
    """A grant ends once."""
    row = saved_grant(tx)
    return lambda tx, _: grants.end(tx, row.id, START + 1)


def end_of_the_grants_of_a_session(tx: Connection) -> Attempt:
    """HP-43: the applications that took part are told once."""
    row = saved_grant(tx)
    return lambda tx, _: grants.end_of_session(tx, row.sid, START + 1)


def used_value(_tx: Connection) -> Attempt:
    """HP-58: a client assertion's jti counts once."""
    return lambda tx, _: single_use.once(tx, "jti", "the same", START + 60)


ONCE = (
    invitation, question, answer_of_a_login, end_of_a_login, task_of_a_login, parked_content, identity, address, assignment, end_of_a_session, lease,
    right_to_fetch, right_to_fetch_from_a_new_address, code, refresh_token, pushed_request, device_code, sign_in_for_a_device, end_of_a_family, end_of_a_grant,
    end_of_the_grants_of_a_session, used_value,
)  # fmt: skip


@pytest.mark.parametrize("prepare", ONCE, ids=lambda prepare: prepare.__name__)
def test_one_of_twenty(database: Database, prepare: Callable[[Connection], Attempt]):
    """HT-3: twenty transactions at the same moment; exactly one takes it."""
    with database.write() as tx:
        attempt = prepare(tx)

    def work(number: int) -> bool:
        with database.write() as tx:
            return bool(attempt(tx, number))

    assert sorted(race(work)) == [False] * (PARALLEL - 1) + [True]


def test_parallel_first_sign_ins_get_one_sub(database: Database):
    """HT-6: twenty first grants at once give a person one `sub` in a sector, and another one in the next."""
    with database.write() as tx:
        row = factories.saved_person(tx)

    def work(_number: int) -> str:
        with database.write() as tx:
            return subjects.obtain(tx, "payroll", row.id)

    found = set(race(work))
    with database.write() as tx:
        assert len(found) == 1
        assert subjects.find(tx, "payroll", row.id) in found
        assert subjects.obtain(tx, "wiki", row.id) not in found
        assert subjects.find(tx, "", row.id) is None


def test_attempts_are_counted_without_loss(database: Database):
    """HW-10: twenty parallel attempts count as twenty, each with a number of its own."""

    def work(_number: int) -> int:
        with database.write() as tx:
            return rate_limits.count_attempt(tx, "code:guest", START, 600)

    assert sorted(race(work)) == list(range(1, PARALLEL + 1))


def test_taken_is_rolled_back_with_its_effect(database: Database):
    """HT-3: the taking stands in the transaction of its effect: if that fails, nothing is spent."""
    with database.write() as tx:
        row = factories.invitation(factories.saved_person(tx).id)
        invitations.add(tx, row, digest("ticket"))
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        assert invitations.take(tx, row.id, START)
        raise ZeroDivisionError
    with database.write() as tx:
        assert invitations.take(tx, row.id, START)


def test_waiting_login_is_not_closed_by_the_browser(database: Database):
    """HO-10: only the answer moves a waiting login; a second answer with another state does not."""
    row = factories.login()
    with database.write() as tx:
        logins.add(tx, row, browser=digest("browser"), address="192.0.2.1")
        logins.send_out(tx, row, state=digest("state"), memory="", partner="fabrikam", trail=[], now=START)
    with database.write() as tx:
        assert not logins.close(tx, row, START)
        assert not logins.take_answer(tx, row, digest("other"), START)
        assert logins.take_answer(tx, row, digest("state"), START)
    with database.read() as tx:
        found = logins.by_id(tx, row.id)
    assert found is not None
    assert found.stage is Stage.OPEN
