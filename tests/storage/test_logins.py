"""Logins as rows: bound to a browser, at most twenty live ones, parked answers."""

from __future__ import annotations

from broker.domain.assertion import Assertion
from broker.domain.ids import digest
from broker.domain.login import LIVE_PER_BROWSER, LoginPurpose, Stage
from broker.domain.request import AuthorizationRequest
from broker.storage.engine import Database
from broker.storage.login import logins
from tests import factories
from tests.clock import START

BROWSER, STATE = digest("browser"), digest("state")
REQUEST = AuthorizationRequest(
    client_id="payroll",
    redirect_uri="https://payroll.contoso.example/callback",
    scopes=("openid", "email"),
    prompt=("login",),
    ui_locales=("nl",),
    claims={"id_token": {"email": None}},
)
ASSERTION = Assertion(
    partner="fabrikam",
    issuer="https://login.fabrikam.example",
    subject="fab-1",
    claims={"groups": ["a"]},
    amr=("pwd",),
    arrived=("sub",),
)


def test_row_gives_back_the_login(database: Database):
    """Every field of a login, its request and its assertion survive the database."""
    login = factories.login(
        purpose=LoginPurpose.APPLICATION,
        request=REQUEST,
        assertion=ASSERTION,
        login_hint="ada@fabrikam.example",
        trail=({"at": START},),
    )
    with database.write() as tx:
        logins.add(tx, login, browser=BROWSER, address="192.0.2.1")
    with database.read() as tx:
        assert logins.by_id(tx, login.id) == login


def test_login_belongs_to_its_browser(database: Database):
    """HO-9: another browser's cookie does not find it."""
    login = factories.login()
    with database.write() as tx:
        logins.add(tx, login, browser=BROWSER, address="192.0.2.1")
    with database.read() as tx:
        assert logins.of_browser(tx, login.id, BROWSER) == login
        assert logins.of_browser(tx, login.id, digest("another")) is None
        assert logins.by_id(tx, "unknown") is None


def test_twenty_live_logins_a_browser(database: Database):
    """HW-13: one more closes the oldest; other browsers' and closed ones do not count."""
    made = [factories.login(created_at=START + n, expires_at=START + n + 3600) for n in range(LIVE_PER_BROWSER + 3)]
    other = factories.login(created_at=START - 100)
    with database.write() as tx:
        logins.add(tx, other, browser=digest("another"), address="192.0.2.1")
        for login in made:
            logins.keep_newest(tx, BROWSER)
            logins.add(tx, login, browser=BROWSER, address="192.0.2.1")
    with database.read() as tx:
        stages = [found.stage for login in made if (found := logins.by_id(tx, login.id))]
        assert stages == [Stage.CLOSED] * 3 + [Stage.OPEN] * LIVE_PER_BROWSER
        untouched = logins.by_id(tx, other.id)
    assert untouched is not None
    assert untouched.stage is Stage.OPEN


def test_state_finds_the_waiting_login_only(database: Database):
    """HO-9: the handle of a request that is out; a second request of the same login replaces it."""
    login = factories.login()
    with database.write() as tx:
        logins.add(tx, login, browser=BROWSER, address="192.0.2.1")
        assert logins.send_out(tx, login, state=STATE, memory="sealed", partner="fabrikam", trail=[], now=START)
        found = logins.by_state(tx, STATE)
        assert found is not None
        assert (found[0].id, found[0].memory, found[0].partner, found[1]) == (login.id, "sealed", "fabrikam", BROWSER)
        assert logins.send_out(tx, login, state=digest("second"), memory="", partner="northwind", trail=[], now=START)
        assert logins.by_state(tx, STATE) is None
        logins.reopen(tx, login)
        assert logins.by_state(tx, digest("second")) is None


def test_over_login_moves_no_more(database: Database):
    """HT-12: an expiry is over at its instant."""
    login = factories.login(expires_at=START + 10)
    with database.write() as tx:
        logins.add(tx, login, browser=BROWSER, address="192.0.2.1")
        assert not logins.send_out(tx, login, state=STATE, memory="", partner="fabrikam", trail=[], now=START + 10)
        assert logins.send_out(tx, login, state=STATE, memory="", partner="fabrikam", trail=[], now=START + 9)
        assert not logins.take_answer(tx, login, STATE, START + 10)
        assert logins.take_answer(tx, login, STATE, START + 9)
        assert not logins.close(tx, login, START + 10)
        assert [found.login.id for found in logins.expired(tx, (0, ""), START + 10)] == [login.id]
        assert logins.expired(tx, (0, ""), START + 9) == []
        assert logins.expired(tx, (START + 10, login.id), START + 10) == []
        assert logins.purge(tx, START + 10) == 0
        assert logins.purge(tx, START + 11) == 1
        assert logins.by_id(tx, login.id) is None


def test_closed_login_does_not_change(database: Database):
    """One answer: what is closed takes no fact and no request any more, and keeps no assertion."""
    login = factories.login(assertion=ASSERTION)
    with database.write() as tx:
        logins.add(tx, login, browser=BROWSER, address="192.0.2.1")
        assert logins.change(tx, login, chosen=True)
        assert logins.close(tx, login, START)
        assert not logins.change(tx, login, consented=True)
        assert not logins.send_out(tx, login, state=STATE, memory="", partner="fabrikam", trail=[], now=START)
        found = logins.by_id(tx, login.id)
    assert found is not None
    assert (found.chosen, found.consented, found.assertion) == (True, False, None)


def test_parked_answer_belongs_to_its_login(database: Database):
    """HW-4: claimed once, in two minutes, for the login that it came for; the login itself is untouched by the parking.

    FA-12: one row a login, the last that came.
    """
    login, other = factories.login(), factories.login()

    def park(handle: str) -> None:
        logins.park(tx, handle=handle, login_id=login.id, partner="fabrikam", content="sealed", expires_at=START + 120)

    with database.write() as tx:
        for made in (login, other):
            logins.add(tx, made, browser=BROWSER, address="192.0.2.1")
        park("first")
        park("a")
        assert logins.by_id(tx, login.id) == login
        assert logins.parked_login(tx, "first") is None
        assert logins.parked_login(tx, "a") == login.id
        assert logins.parked_login(tx, "unknown") is None
        assert logins.claim(tx, "a", other.id, START) is None
        assert logins.claim(tx, "a", login.id, START + 119) == "sealed"
        assert logins.claim(tx, "a", login.id, START + 119) is None
        park("b")
        assert logins.claim(tx, "b", login.id, START + 120) is None
