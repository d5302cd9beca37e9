"""Two commands that lock the same people in different orders end in a deadlock on PostgreSQL: all of them take one order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from broker.storage.directory import guest_schedule
from tests.clock import Clock
from tests.journeys.world import ACTOR, World, open_world

_HOLD = text("SELECT id FROM people WHERE id = :id FOR UPDATE NOWAIT")
_WAITERS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def met(tmp_path: Path, postgresql_url: str, clock: Clock) -> Iterator[World]:
    """The company on PostgreSQL: SQLite has one writer, so nobody meets there."""
    yield from open_world(tmp_path / "home", postgresql_url, clock)


def _storage(work: Callable[[Any, str, int], object]) -> Callable[[World, list[str]], object]:
    def run(world: World, _names: list[str]) -> object:
        with world.broker.core.db.write() as tx:
            return work(tx, "cleo@contoso.example", world.clock())

    return run


def _add(world: World, names: list[str]) -> object:
    return world.broker.access.groups.add_members(ACTOR, "Finance", names)


WORKS: dict[str, Callable[[World, list[str]], object]] = {
    "groups add": _add,
    "hand over": lambda world, _names: world.broker.guests.sponsors.hand_over_all(
        ACTOR, "cleo@contoso.example", "max@contoso.example"
    ),
    "orphans": _storage(guest_schedule.orphan),
    "a sponsor deleted": _storage(guest_schedule.release),
}


def _until_it_waits(world: World, work: Future[object]) -> None:
    end = time.monotonic() + 20
    while not work.done() and time.monotonic() < end:
        with world.broker.core.db.read() as tx:
            if tx.execute(_WAITERS).scalar_one():
                return
        time.sleep(0.005)
    raise AssertionError(f"it never waited: {work}")


@pytest.mark.parametrize("work", WORKS)
def test_people_are_locked_by_id(met: World, work: str) -> None:
    """FA-04: whoever waits for the person with the smallest id holds nobody with a greater one."""
    met.broker.access.groups.create(ACTOR, "Finance")
    names = {}
    for number in range(6):
        email = f"guest{number}@fabrikam.example"
        names[met.invite(email, sponsor="cleo@contoso.example").invitation.guest_id] = email
    ids = sorted(names)
    with ThreadPoolExecutor(1) as pool, met.broker.core.db.writer.connect() as tx:
        tx.execute(_HOLD, {"id": ids[0]})
        waiting = pool.submit(WORKS[work], met, [names[one] for one in reversed(ids)])
        _until_it_waits(met, waiting)
        for other in ids[1:]:
            tx.execute(_HOLD, {"id": other})
        tx.rollback()
        waiting.result(20)
