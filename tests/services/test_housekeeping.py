"""Housekeeping: what is over is explained, then removed; what others still need stays; documents are renewed in time."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, update

from broker.app import build
from broker.domain.assertion import Assertion
from broker.domain.ids import digest
from broker.domain.login import LoginPurpose, Stage
from broker.domain.network import coarse_network
from broker.domain.times import DAY
from broker.services.login import abandoned
from broker.services.operations import housekeeping
from broker.storage import tables as t
from broker.storage.directory import people
from broker.storage.factors import single_use
from broker.storage.login import logins, receipts, refusals
from broker.storage.oauth import grants, sessions, tokens
from broker.storage.operations import rate_limits
from tests import factories
from tests.clock import START
from tests.journeys.world import SECRET, World
from tests.race import race

SAID = Assertion(partner="fabrikam", issuer="https://login.fabrikam.example", subject="ada", email="ada@fabrikam.example")


def count(world: World, table: Any) -> int:
    """Rows of a table."""
    with world.broker.core.db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def add_login(world: World, *, address: str = "192.0.2.1", **values: Any) -> str:
    """A login in the database; its reference."""
    login = factories.login(**values)
    with world.broker.core.db.write() as tx:
        logins.add(tx, login, browser=digest("browser"), address=address)
    return login.reference


def step(name: str, result: str) -> dict[str, Any]:
    """One entry of a trail."""
    return {"at": START, "step": name, "result": result, "reason": ""}


LEFT: dict[str, dict[str, Any]] = {
    "left at home-organization": {"trail": (step("started", "panel"),)},
    "left at invitation": {"trail": (step("started", "invitation"),), "purpose": LoginPurpose.INVITATION, "partner": "fabrikam"},
    "left at choose-partner": {"trail": (step("started", "panel"), step("home", "unknown"))},
    "left before the partner": {"trail": (step("home", "fabrikam"),), "partner": "fabrikam"},
    "left at the partner": {"stage": Stage.WAITING, "partner": "fabrikam", "trail": (step("upstream", "sent"),)},
    "left at review-permissions, after the partner vouched": {"assertion": SAID, "partner": "fabrikam"},
    "set aside: newer sign-ins of the same browser took its place": {"stage": Stage.CLOSED},
}


def test_abandoned_logins_are_explained(world: World) -> None:
    """HT-19: a receipt says how far each one came; who vouched is named, what was said is forgotten (HT-13)."""
    with world.broker.core.db.write() as tx:
        ada = factories.saved_person(tx, email="ada@fabrikam.example")
        people.bind(tx, factories.identity(ada.id, subject="ada"))
    references = {reason: add_login(world, **values) for reason, values in LEFT.items()}
    assert world.broker.operations.housekeeping.run()["abandoned"] == 0  # none is over
    world.clock.advance(3600 + abandoned.SETTLED)
    assert world.broker.operations.housekeeping.run()["abandoned"] == len(LEFT)
    for reason, reference in references.items():
        found = world.broker.history.receipts.by_request(reference)
        assert found is not None
        assert (found.outcome, found.reason, found.error) == ("abandoned", reason, None)
        assert found.at == START + 3600
        assert found.steps[-1]["step"] == "abandoned"
    vouched = world.broker.history.receipts.by_request(references["left at review-permissions, after the partner vouched"])
    assert vouched is not None
    assert vouched.user == "ada@fabrikam.example"
    with world.broker.core.db.read() as tx:
        assert tx.execute(select(t.logins.c.assertion)).scalars().all() == [None] * len(LEFT)
    assert world.broker.operations.housekeeping.run()["abandoned"] == 0


def test_an_explained_login_is_not_explained_anew(small: World) -> None:
    """A login that ended keeps the receipt of its end; one that may still be answered is left alone."""
    login = factories.login()
    with small.broker.core.db.write() as tx:
        logins.add(tx, login, browser=digest("b"), address="192.0.2.1")
        receipts.save(tx, factories.receipt(id=login.id, request_id=login.reference, reason="all is well"))
    reference = add_login(small)
    small.clock.advance(3600 + abandoned.SETTLED - 1)
    assert small.broker.operations.housekeeping.run()["abandoned"] == 0
    small.clock.advance(1)
    assert small.broker.operations.housekeeping.run()["abandoned"] == 1
    explained, other = (small.broker.history.receipts.by_request(name) for name in (login.reference, reference))
    assert explained is not None
    assert other is not None
    assert (explained.reason, other.outcome) == ("all is well", "abandoned")


def test_strangers_do_not_fill_the_receipts(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """RX-05: receipts of abandoned sign-ins are capped an hour and address; the logins go all the same."""
    monkeypatch.setattr(abandoned, "PER_ADDRESS", 3)
    for _ in range(5):
        add_login(small)
    add_login(small, address="2001:db8::1")
    small.clock.advance(3600 + abandoned.SETTLED)
    assert small.broker.operations.housekeeping.run()["abandoned"] == 4
    assert small.broker.operations.housekeeping.run()["abandoned"] == 0
    small.clock.advance(DAY)
    add_login(small, expires_at=small.clock() - abandoned.SETTLED)
    assert small.broker.operations.housekeeping.run()["logins"] == 6


def test_logins_linger_for_a_day_unless_there_are_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """RX-05, HT-13: a page that was left open can begin again for a day; a flood goes as soon as it is explained."""
    for end in range(10):
        add_login(world, expires_at=START + end)
    world.clock.advance(DAY)
    assert world.broker.operations.housekeeping.run()["logins"] == 0
    world.clock.advance(6)
    assert world.broker.operations.housekeeping.run()["logins"] == 6
    monkeypatch.setattr(housekeeping, "LOGINS_KEPT", 1)
    for end in range(10):
        add_login(world, expires_at=START + DAY - 100 + end)
    assert world.broker.operations.housekeeping.run()["logins"] == 12
    assert count(world, t.logins) == 2


def test_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one batch of everything: each is a transaction of its own, and one run ends."""
    monkeypatch.setattr(abandoned, "SOME", 3)
    monkeypatch.setattr(housekeeping, "BATCH", 3)
    for module in (logins, receipts, grants, single_use, rate_limits, sessions, tokens):
        for name in ("expired", "purge", "purge_attempts", "addresses", "look_through", "purge_codes"):
            function = getattr(module, name, None)
            if function is not None and function.__defaults__:
                monkeypatch.setattr(function, "__defaults__", (3,))
    for number in range(8):
        add_login(world, expires_at=START + number)
        with world.broker.core.db.write() as tx:
            single_use.once(tx, "jti", str(number), START)
            receipts.save(tx, factories.receipt(at=START, address=f"192.0.2.{number}"))
    world.clock.advance(8 * DAY)
    done = world.broker.operations.housekeeping.run()
    assert (done["abandoned"], done["used"], done["addresses"]) == (8, 8, 16)
    assert done["logins"] == 7  # the newest waits for a later one
    world.clock.advance(40 * DAY)
    assert world.broker.operations.housekeeping.run()["receipts"] == 16


def test_what_others_need_stays(world: World) -> None:
    """HT-8, HP-30, HP-35: spent codes and tokens stay as long as their reuse must be recognised; a grant goes last."""
    db = world.broker.core.db
    with db.write() as tx:
        person = factories.saved_person(tx)
        session = factories.session(person.id, expires_at=START + 100)
        lone = factories.grant(person.id, sid=session.sid)
        lasting = factories.grant(person.id)
        sessions.add(tx, session, digest("cookie"))
        for grant in (lone, lasting):
            grants.add(tx, grant)
            grants.add_code(
                tx, f"code-{grant.id}", grant, redirect_uri="https://x.example", challenge=None, expires_at=START + 60
            )
            tokens.add_access(tx, f"access-{grant.id}", grant.id, ["openid"], now=START, expires_at=START + 600)
        family = tokens.add_family(tx, lasting.id, "payroll", START + 30 * DAY)
        tokens.add_refresh(tx, "refresh", family, START + DAY)
    world.clock.advance(DAY)
    done = world.broker.operations.housekeeping.run()
    assert (done["codes"], done["tokens"], done["sessions"], done["grants"]) == (0, 2, 0, 0)
    world.clock.advance(200)
    done = world.broker.operations.housekeeping.run()
    assert (done["codes"], done["tokens"], done["sessions"], done["grants"]) == (2, 0, 1, 1)
    assert count(world, t.refresh_tokens) == 1
    world.clock.advance(31 * DAY)
    done = world.broker.operations.housekeeping.run()
    assert (done["tokens"], done["grants"], count(world, t.refresh_tokens), count(world, t.grants)) == (1, 1, 0, 0)


def test_retention(world: World) -> None:
    """HT-13, HT-19: receipts and refusals go after `retention.receipts`; after seven days an address is a network."""
    with world.broker.core.db.write() as tx:
        for number, address in enumerate(["192.0.2.77", "2001:db8:1:2::3", "", "unix", "192.0.2.78"]):
            receipts.save(tx, factories.receipt(request_id=f"R{number}", at=START, address=address))
        refusals.add(tx, request_id="F", at=START, code="bad_request", reason="x", address="192.0.2.1")
        rate_limits.count_attempt(tx, "key", START, 600)
        single_use.once(tx, "jti", "x", START)
    world.clock.advance(7 * DAY)
    assert world.broker.operations.housekeeping.run()["addresses"] == 0
    world.clock.advance(1)
    assert world.broker.operations.housekeeping.run()["addresses"] == 4
    found = [world.broker.history.receipts.by_request(f"R{number}") for number in range(5)]
    assert [row.address for row in found if row] == ["192.0.2.0/24", "2001:db8:1::/48", "", "-/", "192.0.2.0/24"]
    assert world.broker.operations.housekeeping.run()["addresses"] == 0
    world.clock.advance(30 * DAY)
    done = world.broker.operations.housekeeping.run()
    assert (done["receipts"], done["refusals"]) == (5, 1)
    assert (count(world, t.attempts), count(world, t.used)) == (0, 0)
    assert coarse_network("192.0.2.9") == "192.0.2.0/24"


def test_one_process_keeps_house(world: World) -> None:
    """HT-20: whoever holds the lease runs; another takes over when it is over. Notes of dead processes go."""
    assert world.broker.operations.housekeeping.turn() is not None
    assert world.broker.operations.housekeeping.turn() is not None
    with world.broker.core.db.write() as tx:
        tx.execute(update(t.leases).values(holder="elsewhere:1"))
        rate_limits.note_node(tx, "elsewhere:2", "digest", START + 60)
    assert world.broker.operations.housekeeping.turn() is None
    world.clock.advance(housekeeping.LEASE)
    assert world.broker.operations.housekeeping.turn() is not None
    world.clock.advance(2 * 3600)
    assert world.broker.operations.housekeeping.run()["leases"] == 2


def test_two_nodes_at_once(world: World) -> None:
    """HT-3: a lease that was lost in the middle of a run does no harm: nothing fails, each receipt is there once."""
    for number in range(40):
        add_login(world, expires_at=START + number, address=f"192.0.2.{number % 3}")
    world.clock.advance(3600)
    other = build(world.home, environ={"SECRET": SECRET}, clock=world.clock)
    nodes = [world.broker.operations.housekeeping, other.operations.housekeeping]
    done = race(lambda number: nodes[number].run(), len(nodes))
    other.close()
    assert [found.get("failed", 0) for found in done] == [0, 0]
    assert sum(found["abandoned"] for found in done) >= 40
    assert count(world, t.receipts) == 40


def test_one_kind_that_fails_does_not_keep_the_others(
    small: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the kind and the type of the failure, never its text: that may hold values."""

    def broken(*_: object) -> int:
        raise OSError("secret")

    monkeypatch.setattr(single_use, "purge", broken)
    add_login(small)
    small.clock.advance(3600 + abandoned.SETTLED)
    done = small.broker.operations.housekeeping.run()
    assert (done["failed"], done["abandoned"], done["leases"]) == (1, 1, 0)
    assert "used" not in done
    assert "what=used error=OSError" in caplog.text
    assert "secret" not in caplog.text
