"""Figures of several workers: shared, right after a worker died, with labels of the files only (decision 0023)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from broker.domain.receipt import Outcome
from broker.services.core import Core
from broker.services.metrics import Board, Meter, figures, meter
from broker.services.metrics.board import PAGE
from broker.storage.engine import Database
from broker.storage.login import receipts
from tests import factories

Samples = Mapping[tuple[str, ...], tuple[float, ...]]


def samples(of: Meter, figure: figures.Figure) -> Samples:
    """What `/metrics` shows of a figure."""
    return next(reading.samples for reading in of.readings() if reading.figure is figure)


def test_what_a_worker_counted_stays_and_its_successor_goes_on(core: Core) -> None:
    """Counters of all workers are summed, and never fall; what the dead one measured is no more (tests/cli kills a real one)."""
    board = Board(2)
    own = Meter(core.settings, board, 0)

    def work() -> None:
        """What a worker did before its process ended."""
        dying = Meter(core.settings, board, 1)
        dying.response(200)
        dying.step("authorize", 0.03)
        dying.measure(figures.BUSY, 7)

    own.response(200)
    work()
    assert samples(own, figures.RESPONSES) == {("200",): (2.0,)}
    board.leave(1)
    assert samples(own, figures.BUSY) == {(): (0.0,)}
    work()
    board.leave(1)
    assert samples(own, figures.RESPONSES) == {("200",): (3.0,)}
    assert samples(own, figures.STARTS) == {(): (3.0,)}
    (buckets,) = samples(own, figures.STEPS).values()
    assert buckets[3] == sum(buckets[:-1]) == 2
    assert buckets[-1] == pytest.approx(0.06)


def test_a_half_written_entry_is_none(core: Core) -> None:
    """A worker that dies between the bytes of a new entry and the size of the page leaves nothing of it."""
    board = Board(1)
    sheet = board.open(0)
    sheet.increase(sheet.add(("whole",), 1) or 0, 2.0)
    used = next(iter(sheet.places.values())) + 8
    board._memory[used : used + 8] = b"\xff" * 8
    assert [(key, numbers) for _, key, numbers in board.read()] == [(("whole",), (2.0,))]
    again = board.open(0)
    assert again.add(("next",), 1) == used + 8 + 8
    assert {key for _, key, _ in board.read()} == {("whole",), ("next",)}


def test_a_full_page_takes_no_more(core: Core) -> None:
    """The page has an end; a figure that finds no room is counted with the others of its family."""
    sheet = Board(1).open(0)
    assert sheet.add(("large",), (PAGE - 64) // 8) is not None
    assert sheet.add(("more",), 8) is None


def test_too_many_labels_are_counted_together(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of series is bounded whatever comes; nothing is lost from the sum."""
    monkeypatch.setattr(meter, "MOST", 3)
    own = Meter(core.settings)
    for number in range(10):
        own.refusal("bad_request", f"reason_{number}")
    counted = samples(own, figures.REFUSALS)
    assert len(counted) == 3
    assert counted["other", "other"] == (8.0,)
    assert sum(value for (value,) in counted.values()) == 10


def listening(core: Core, own: Meter) -> Database:
    """The same database, whose commits the meter hears."""
    return Database(core.db.url, committed=own.receipts)


def test_sign_ins_are_counted_once_they_are_committed(core: Core) -> None:
    """A transaction that is rolled back counts nothing. The refusal's page that is loaded again is no second end."""
    own = Meter(core.settings)
    database = listening(core, own)
    denied = {"at": 1, "step": "denied", "result": "policy_blocked", "reason": "policy"}
    group = {"at": 1, "step": "groups", "result": "member"}
    policy = {"id": "unknown-policy", "state": "enabled", "result": "blocked", "reason": "x"}
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        receipts.save(tx, factories.receipt())
        _ = 1 / 0
    assert samples(own, figures.LOGINS) == {}
    with database.write() as tx:
        receipts.save(tx, factories.receipt(application="payroll", partner="fabrikam", policies=(policy,)))
        assert samples(own, figures.LOGINS) == {}
    refused: dict[str, Any] = {"application": "payroll", "partner": "email", "outcome": Outcome.BLOCKED, "reason": "policy"}
    first = factories.receipt(**refused, steps=(group, denied))
    again = factories.receipt(**refused, steps=(group, denied, group, {**denied, "at": 9}))
    for receipt in (first, again):
        with database.write() as tx:
            receipts.save(tx, receipt)
    database.close()
    assert samples(own, figures.LOGINS) == {("payroll", "fabrikam", "allowed"): (1.0,), ("payroll", "email", "blocked"): (1.0,)}
    assert samples(own, figures.POLICIES) == {("other", "enabled", "blocked"): (1.0,)}
    assert samples(own, figures.REFUSALS) == {("policy_blocked", "policy"): (1.0,)}


def test_labels_come_from_files(core: Core) -> None:
    """An application or partner that no file names, and a reason that is no word of ours, never become a label."""
    own = Meter(core.settings)
    own.receipts(
        [factories.receipt(application="x\n} evil", partner="nobody"), factories.receipt(application=None, partner=None)]
    )
    own.receipts([factories.receipt(application="payroll", partner="edu/" + "0" * 32)])  # of a federation without a file
    own.refusal("bad_request", 'evil"} 1\n')
    assert samples(own, figures.LOGINS) == {
        ("other", "other", "allowed"): (1.0,),
        ("none", "none", "allowed"): (1.0,),
        ("payroll", "other", "allowed"): (1.0,),
    }
    assert samples(own, figures.REFUSALS) == {("bad_request", "other"): (1.0,)}
