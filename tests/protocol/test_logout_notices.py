"""Delivery of notices of logout: retries, their end, rests, several nodes (HP-56, HT-3)."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import pytest

from broker.connectors.outbound.client import HttpClient
from broker.domain.ids import new_id
from broker.services.delivery import dispatcher
from broker.services.oauth import logout_notices as rules
from broker.services.oauth.logout_notices import LogoutNotices
from broker.storage.oauth import logout_notices as rows
from tests.protocol.logout_receiver import Ear, ear, hearing, look, sign_out, states, told
from tests.protocol.stage import Stage
from tests.race import race

__all__ = ["ear"]  # the fixture


@pytest.mark.parametrize("status", [200, 204])
def test_success(stage: Stage, ear: Ear, status: int) -> None:
    """2.8: 200, and 204 of frameworks that send it."""
    ear.status = status
    who = hearing(stage, ear.url).person()
    stage.grant(who)
    sign_out(stage, who)
    assert look(stage) == 1


@pytest.mark.parametrize("status", [201, 302, 400, 404, 500, 501, 503])
def test_tried_again(stage: Stage, ear: Ear, status: int) -> None:
    """2.8: anything else is tried again later, with a new token; a redirect is not followed."""
    ear.status = status
    who = hearing(stage, ear.url).person()
    stage.grant(who)
    sign_out(stage, who)
    assert look(stage) == 0
    assert look(stage) == 0  # not yet
    ear.status = 200
    stage.clock.advance(rules.PAUSES[0])
    assert look(stage) == 1
    first, second = (told(stage, request).claims for request in ear.heard)
    assert first["jti"] != second["jti"]
    assert second["iat"] == stage.clock()


def test_given_up_after_a_day(stage: Stage, ear: Ear) -> None:
    """Longer and longer pauses; the end is in the audit, and the doctor names it."""
    ear.status = 503
    who = hearing(stage, ear.url).person()
    stage.grant(who)
    sign_out(stage, who)
    gaps, before = [], stage.clock()
    while (row := states(stage)[0])["next_try_at"] is not None:
        stage.clock.now = row["next_try_at"]
        gaps.append(stage.clock() - before)
        before = stage.clock()
        look(stage)
    assert gaps[: len(rules.PAUSES) + 1] == [0, *rules.PAUSES]
    assert stage.clock() - row["created_at"] >= rules.GIVE_UP
    assert (row["problem"], row["sub"]) == ("it answered 503", "")
    assert stage.audited()[0] == "application.not_told_of_logout"


def test_doctor(stage: Stage, ear: Ear) -> None:
    """The health line: well, then what is wrong, since when, and on whose side."""

    def line() -> Any:
        found = stage.broker.doctor.examine_application("payroll", offline=True).findings
        return next((one for one in found if one.check == "backchannel_logout_uri"), None)

    assert line() is None
    who = hearing(stage, ear.url).person()
    assert line().seen == "notices of logout: 0 arrived, 0 wait, 0 given up in 7 days"
    stage.grant(who)
    ear.status = 500
    sign_out(stage, who)
    look(stage)
    assert (line().level, line().side) == ("problem", "application")
    assert line().seen.startswith("notices of logout do not arrive since 2")
    assert line().seen.endswith(": it answered 500 (0 arrived, 1 wait, 0 given up in 7 days)")


def test_internal_addresses_are_not_called(stage: Stage, ear: Ear) -> None:
    """UI-12, HO-16: without network.allow_private_addresses nothing is sent; the sign-out itself does not wait for it."""
    who = hearing(stage, f"https://127.0.0.1:{ear.server.port}/backchannel", allow=False).person()
    stage.grant(who)
    sign_out(stage, who)
    assert look(stage) == 0
    assert (ear.server.requests, states(stage)[0]["problem"].split(":")[0]) == ([], "url_not_allowed")


def test_silence_of_one_application_holds_up_no_other(stage: Stage, ear: Ear) -> None:
    """UI-12: nobody listens at one address; it is asked once in a round, and the other application hears."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
    hearing(hearing(stage, dead), ear.url, "travel")
    for _ in range(3):
        who = stage.person()
        stage.grant(who)
        stage.grant(who, "travel")
        sign_out(stage, who)
    assert look(stage) == 3
    waiting = [row for row in states(stage) if row["next_try_at"] is not None]
    assert [row["client_id"] for row in waiting] == ["payroll"] * 3
    assert all(row["problem"].startswith("upstream_unavailable: ") for row in waiting)


def test_a_silent_application_rests(both: Stage, ear: Ear) -> None:
    """HP-56: more notices than one batch: the application that does not answer is asked once, and again after the pause."""
    hearing(hearing(both, "http://127.0.0.1:1/x"), ear.url, "travel")
    with both.broker.core.db.write() as tx:
        rows.add(tx, {("payroll", new_id()): "s" for _ in range(2 * dispatcher.BATCH + 1)}, both.clock())
    both.clock.advance(1)
    with both.broker.core.db.write() as tx:
        rows.add(tx, {("travel", new_id()): "s"}, both.clock())
    asked: list[str] = []

    def http(own: Sequence[str]) -> HttpClient:
        asked.extend(own)
        return both.broker.partners.outbound_clients(own)

    node = LogoutNotices(both.broker.core, both.broker.keys, http)
    assert node.look() == 1
    assert asked.count("http://127.0.0.1:1/x") == 1
    assert node.look() == 0
    assert asked.count("http://127.0.0.1:1/x") == 1
    both.clock.advance(rules.PAUSES[0])
    node.look()
    assert asked.count("http://127.0.0.1:1/x") == 2


def test_a_silent_application_rests_while_people_sign_out(both: Stage, ear: Ear) -> None:
    """HP-56: new notices do not end the rest of an application that does not answer; each rest is longer, until it answers."""
    hearing(both, ear.url)
    ear.status = 302

    def one_more() -> int:
        with both.broker.core.db.write() as tx:
            rows.add(tx, {("payroll", new_id()): "s"}, both.clock())
        return look(both)

    began = both.clock()
    for second in range(0, rules.PAUSES[0] + rules.PAUSES[1], 5):
        both.clock.now = began + second
        one_more()
    assert len(ear.heard) == 2
    ear.status = 200
    both.clock.now = began + rules.PAUSES[0] + rules.PAUSES[1]
    assert one_more() == 15
    ear.status = 302
    one_more()
    both.clock.advance(rules.PAUSES[0])
    ear.status = 200
    assert one_more() == 2


def test_two_nodes_tell_once(both: Stage, ear: Ear) -> None:
    """HT-3: ten at once, each notice leaves once."""
    hearing(both, ear.url)
    for _ in range(10):
        who = both.person()
        both.grant(who)
        sign_out(both, who)
    broker = both.broker
    nodes = [LogoutNotices(broker.core, broker.keys, broker.partners.outbound_clients) for _ in range(10)]
    race(lambda number: nodes[number].look(), 10)
    nodes[0].look()
    assert len({told(both, request).claims["sid"] for request in ear.heard}) == len(ear.heard) == 10


def test_kept_for_a_month(stage: Stage, ear: Ear) -> None:
    """HT-13: what became of a notice is known for thirty days."""
    who = hearing(stage, ear.url).person()
    stage.grant(who)
    sign_out(stage, who)
    look(stage)
    stage.clock.advance(30 * 86400 + 1)
    assert stage.broker.operations.housekeeping.run()["logout_notices"] == 1
    assert states(stage) == []
