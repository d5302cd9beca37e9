"""Events of one second keep the order in which they were stored, wherever they are listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from broker.domain.audit import Actor, Event, EventSearch
from broker.storage.engine import Database
from broker.storage.history import audit, audit_chain
from tests.clock import START

NUMBERS = [str(number) for number in range(20)]
PERSON = "11111111-1111-4111-8111-111111111111"


def _pages(tx: Connection) -> list[dict[str, Any]]:
    """Page by page, as the portal reads them."""
    found: list[dict[str, Any]] = []
    while True:
        after = (found[-1]["at"], found[-1]["id"]) if found else None
        page = audit.page(tx, EventSearch(since=START, name="guest.blocked"), after=after, limit=3)
        found += page
        if len(page) < 3:
            return found


NEWEST_FIRST: dict[str, Callable[[Connection], list[dict[str, Any]]]] = {
    "newest": lambda tx: audit.newest(tx, name="guest.blocked"),
    "about": lambda tx: audit.about(tx, PERSON, 100),
    "page": _pages,
}


def _store(database: Database) -> None:
    for number in NUMBERS:
        with database.write() as tx:
            event = Event(name="guest.blocked", actor=Actor.system(), subject=PERSON, target=number)
            audit.add(tx, event, START)


@pytest.mark.parametrize("reader", NEWEST_FIRST)
def test_newest_first(database: Database, reader: str) -> None:
    """Of one second, too."""
    _store(database)
    with database.read() as tx:
        found = NEWEST_FIRST[reader](tx)
    assert [one["target"] for one in found] == NUMBERS[::-1]


def test_the_chain_has_their_order(database: Database) -> None:
    """HT-18: events get their numbers in the order in which they were stored, and the export has it."""
    _store(database)
    with database.read() as tx:
        assert [one["target"] for one in audit_chain.unchained(tx)] == NUMBERS
        assert [one["target"] for one in audit.events(tx)] == NUMBERS
