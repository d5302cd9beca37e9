"""Codes of an app and recovery codes: each counts once, and guesses are counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from broker.domain.ids import digest
from broker.storage.tables import outbox, recovery_codes
from tests.journeys.second_factor import SFA, enrol, essential, with_phone
from tests.journeys.test_factors import answer, challenged, events
from tests.journeys.world import ADA, BO, World


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_code_counts_once(both: World, drift: int) -> None:
    """MF-01, HT-3: with a step of drift either way; never twice, not in its neighbour's time, not the one of the enrolment."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    phone, _page = enrol(both, ada, both.arrive(ada, **essential()))
    first = phone.code()
    who, page = challenged(both)
    page = answer(both, who, page, first)  # the enrolment's code as first login code
    assert (page.name, page.status) == ("mfa-challenge", 400)
    both.clock.advance(60)
    code = phone.code(drift)
    assert "code" in answer(both, who, page, code).query
    for wait in (0, 30):
        both.clock.advance(wait)
        who, page = challenged(both)
        assert answer(both, who, page, code).status == 400
    both.clock.advance(60)
    assert "code" in answer(both, who, page, phone.code()).query


def test_a_code_counts_once_in_parallel(both: World) -> None:
    """MF-01: eight browsers with the same code at the same moment: one gets in."""
    phone = with_phone(both, both.visitor(ADA))
    waiting = [challenged(both) for _ in range(8)]
    code = phone.code()
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(lambda at: answer(both, at[0], at[1], code), waiting))
    assert sum("code" in page.query for page in ends) == 1


def test_guesses_are_counted_by_person(both: World) -> None:
    """MF-02, MF-08: five guesses in five minutes over any number of browsers, then even the right code waits; not the partner's login."""
    phone = with_phone(both, both.visitor(ADA))
    both.clock.advance(300)
    for _ in range(5):
        who, page = challenged(both)
        assert answer(both, who, page, "000000" if phone.code() != "000000" else "000001").status == 400
    who, page = challenged(both)
    page = answer(both, who, page, phone.code())
    assert (page.status, page.error) == (429, "too_many_attempts")
    assert (both.receipt(page)["error"], both.receipt(page)["reason"]) == ("too_many_attempts", "factor_attempts")
    who, page = challenged(both)
    assert answer(both, who, page, phone.codes[0]).status == 429  # recovery codes are counted with them
    assert both.sign_in(both.visitor(ADA)).claims["acr"] == SFA  # no lock-out of the home organization's sign-in
    both.clock.advance(300)
    who, page = challenged(both)
    assert "code" in answer(both, who, page, phone.code()).query
    assert len(events(both, "factor.refused")) == 7


def test_parallel_guesses_are_counted(both: World) -> None:
    """MF-02: of twelve guesses at once no more than five are judged."""
    with_phone(both, both.visitor(ADA))
    both.clock.advance(300)
    waiting = [challenged(both) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        ends = list(pool.map(lambda at: answer(both, at[1][0], at[1][1], f"{at[0]:06}"), enumerate(waiting)))
    assert sorted(page.status for page in ends) == [400] * 5 + [429] * 7


@pytest.mark.parametrize(
    "code", ["12345", "1234567", "+12345", " 123456", "123 456", "１２３４５６", "", "١٢٣٤٥٦", "x" * 5000, "12345\n"]
)
def test_what_is_no_code(world: World, code: str) -> None:
    """MF-09: refused, counted, no 500."""
    with_phone(world, world.visitor(ADA))
    who, page = challenged(world)
    page = answer(world, who, page, code)
    assert (page.name, page.status) == ("mfa-challenge", 400)
    assert [event["reason"] for event in events(world, "factor.refused")] == ["factor_code"]


def test_two_codes_at_once_are_none(world: World) -> None:
    """MF-09: an array is one wrong code."""
    phone = with_phone(world, world.visitor(ADA))
    who, page = challenged(world)
    form = page.primary
    pairs = [(field.name, field.value) for field in form.fields if field.name == "csrf"]
    answered = who.browser.post(f"{page.url}/factor", [*pairs, ("code", phone.code()), ("code", "000000")], opener=page)
    assert answered.status == 400
    assert len(events(world, "factor.refused")) == 1


def test_recovery_codes(both: World) -> None:
    """MF-08, MF-11: each once, in any spelling; hashed; the person is told by mail."""
    phone = with_phone(both, both.visitor(ADA))
    first, second = phone.codes[:2]
    who, page = challenged(both)
    loose = f" {first.lower().replace('-', ' ')}  "
    assert "code" in answer(both, who, page, loose).query
    for spelling in (first, first.replace("-", ""), first.lower()):
        who, page = challenged(both)
        assert answer(both, who, page, spelling).status == 400
    both.clock.advance(300)
    waiting = [challenged(both) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        ends = list(pool.map(lambda at: answer(both, at[0], at[1], second), waiting))
    assert sum("code" in page.query for page in ends) == 1
    with both.broker.core.db.read() as tx:
        rows = tx.execute(select(recovery_codes)).all()
        mails = tx.execute(select(outbox.c.kind)).scalars().all()
    assert len(rows) == 10
    assert sum(row.used_at is not None for row in rows) == 2
    assert not any(code in str(rows) or digest(code) in str(rows) for code in phone.codes)
    assert mails.count("factors") == 3  # added, used, used


def test_somebody_elses_code(world: World) -> None:
    """MF-08: a recovery code opens its owner's door only."""
    phone = with_phone(world, world.visitor(ADA))
    with_phone(world, world.visitor(BO))
    bo = world.visitor(BO)
    page = world.arrive(bo, login_hint=BO.email, **essential())
    assert answer(world, bo, page, phone.codes[0]).status == 400
    assert answer(world, bo, page, phone.code()).status == 400
