"""Calls of the lists of guests for staff, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.domain.guest import GuestState
from broker.storage.directory import guest_scope, staff_pages
from broker.storage.directory.guest_scope import GuestScope
from broker.storage.directory.staff_pages import GuestKey, GuestOrder, GuestSearch
from broker.storage.history import audit
from tests.clock import START

SCOPE = GuestScope(applications=frozenset({"payroll"}), groups=frozenset({"1"}))
SEARCHES = (
    GuestSearch(),
    GuestSearch(text="g"),
    GuestSearch(state=GuestState.ACTIVE),
    GuestSearch(partner="fabrikam"),
    GuestSearch(sponsor="alice@contoso.example"),
    GuestSearch(application="payroll"),
    GuestSearch(group="Auditors"),
    GuestSearch(ends_before=START),
    GuestSearch(seen_before=START),
    GuestSearch(without_sponsor=True),
    GuestSearch(scope=SCOPE),
)


def key(order: GuestOrder) -> GuestKey:
    """The key of a row in this order."""
    return ("g" if order in (GuestOrder.EMAIL, GuestOrder.NAME) else START, "g")


GUEST_CALLS: dict[str, Callable[[Connection], object]] = {
    "directory.staff_pages.page": lambda tx: [
        staff_pages.page(tx, wanted, order, after=after, limit=50)
        for wanted in SEARCHES
        for order in GuestOrder
        for after in (None, key(order), (None, "g"))
    ],
    "directory.guest_scope.holds": lambda tx: guest_scope.holds(tx, SCOPE, "1"),
    "history.audit.about": lambda tx: audit.about(tx, "1", limit=10),
}
