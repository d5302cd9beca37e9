"""HT-3: what happens once to a set-up link happens once of twenty parallel attempts, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from broker.domain.ids import digest, new_id
from broker.domain.setup_link import SetupAnswer, SetupDecision
from broker.storage.engine import Database
from broker.storage.partners import setup_links
from tests.clock import START
from tests.race import PARALLEL, race
from tests.storage.setup_link_calls import SETUP_LINK

Attempt = Callable[[Connection, int], object]
ANSWER = SetupAnswer(section="oidc", keys={}, domains=())


def entered(tx: Connection) -> str:
    """A link behind which something was entered: its id."""
    link = replace(SETUP_LINK, id=new_id())
    setup_links.add(tx, link, digest(link.id))
    assert setup_links.answer(tx, link.id, ANSWER, START + 1)
    return link.id


def end(tx: Connection) -> Attempt:
    """A link is revoked once."""
    link = entered(tx)
    return lambda tx, _: setup_links.revoke(tx, link, START + 2)


def handing_over(tx: Connection) -> Attempt:
    """An answer is handed over once."""
    link = entered(tx)
    return lambda tx, _: setup_links.finish(tx, link, START + 2)


def decision(tx: Connection) -> Attempt:
    """Two administrators decide at once: one decision counts."""
    link = entered(tx)
    setup_links.finish(tx, link, START + 1)
    decisions = (SetupDecision.ACCEPTED, SetupDecision.REJECTED)
    return lambda tx, n: setup_links.decide(tx, link, decisions[n % 2], START + 1, START + 2, START + 60)


def trial(tx: Connection) -> Attempt:
    """SL-10: the answer to a trial sign-in is taken once."""
    link = entered(tx)
    setup_links.begin_trial(tx, link, digest("trial"), "sealed", START + 1)
    return lambda tx, _: setup_links.take_trial(tx, link, digest("trial"), START)


@pytest.mark.parametrize("prepare", [end, handing_over, decision, trial], ids=lambda prepare: prepare.__name__)
def test_one_of_twenty(database: Database, prepare: Callable[[Connection], Attempt]) -> None:
    """Twenty transactions at the same moment; exactly one takes it."""
    with database.write() as tx:
        attempt = prepare(tx)

    def work(number: int) -> bool:
        with database.write() as tx:
            return bool(attempt(tx, number))

    assert sorted(race(work)) == [False] * (PARALLEL - 1) + [True]


def test_a_change_and_a_decision_at_once(database: Database) -> None:
    """SL-08: what is accepted is what was seen: a change at the same moment is refused, or the decision is."""
    with database.write() as tx:
        link = entered(tx)
        setup_links.finish(tx, link, START + 1)
    changed = replace(ANSWER, domains=("fabrikam.example",))

    def work(number: int) -> bool:
        with database.write() as tx:
            if number % 2:
                return setup_links.decide(tx, link, SetupDecision.ACCEPTED, START + 1, START + 3, START + 60)
            return setup_links.answer(tx, link, changed, START + 2)

    results = race(work)
    with database.read() as tx:
        found, answer = setup_links.by_id(tx, link), setup_links.answer_of(tx, link)
    assert found is not None
    assert answer is not None
    decided = any(results[1::2])
    assert decided == (found.decision is SetupDecision.ACCEPTED)
    assert decided == (answer.domains == ())
    assert sum(results[1::2]) == int(decided)
