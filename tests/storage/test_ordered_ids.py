"""Identifiers whose order is that in which they were given (RFC 9562 5.7)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

from broker.storage.history.ordered_ids import OrderedIds

MILLISECOND = 1_000_000
BEGIN = 1_800_000_000_000 * MILLISECOND


def test_form_and_time() -> None:
    """Version 7 of RFC 9562: the first 48 bits are milliseconds since 1970."""
    found = uuid.UUID(OrderedIds(lambda: BEGIN).next())
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.int >> 80 == BEGIN // MILLISECOND


def test_order_where_the_clock_stands_still_or_goes_back() -> None:
    """Each is greater than the one before; 5,000 of one moment are more than 12 bits count."""
    times = iter([BEGIN] * 5_000 + [BEGIN - MILLISECOND] * 10 + [BEGIN + 9 * MILLISECOND])
    ids = OrderedIds(lambda: next(times))
    found = [ids.next() for _ in range(5_011)]
    assert found == sorted(set(found))


def test_threads_get_different_ones_in_order() -> None:
    """Each thread sees its own in order, and none is given twice."""
    ids = OrderedIds(lambda: BEGIN)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda _: [ids.next() for _ in range(200)], range(4)))
    assert all(part == sorted(part) for part in parts)
    assert len({one for part in parts for one in part}) == 800
