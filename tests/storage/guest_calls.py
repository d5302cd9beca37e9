"""Calls of the lists of guests for staff, and of what programs use, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.domain.changes import ChangePlace
from broker.domain.guest import GuestState
from broker.domain.list_query import Begins, Branch, Differs, Equals, Known, ListField, ListOrder, ListQuery
from broker.storage.directory import changes, guest_scope, listed_groups, listed_people, people, staff_pages
from broker.storage.directory.guest_scope import GuestScope
from broker.storage.directory.staff_pages import GuestKey, GuestOrder, GuestSearch
from broker.storage.history import audit
from broker.storage.oauth import api_tokens
from tests.clock import START

PLACE = ChangePlace(history="1", number=7, row="1", start=5)
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


GUEST = Equals(ListField.KIND, "guest")
BRANCHES: tuple[tuple[Branch, ...], ...] = (
    ((),),
    ((GUEST,),),
    (
        (GUEST, Equals(ListField.STATE, "invited")),
        (GUEST, Equals(ListField.STATE, "blocked"), Known(ListField.REDEEMED, yes=False)),
    ),
    ((Begins(ListField.EMAIL_REVERSED, "elpmaxe"),),),
    ((Begins(ListField.EMAIL, "g"),), (Begins(ListField.NAME, "g"),), (Equals(ListField.NAME, "g"),)),
    ((Differs(ListField.EMAIL, "g"),), (Equals(ListField.ID, "1"),), (Equals(ListField.EMAIL, "g"),)),
    ((GUEST, Known(ListField.SIGNED_UP, yes=True)),),
    ((GUEST, Known(ListField.SIGNED_UP, yes=False)),),
    ((Equals(ListField.IDENTITY, "https://login.fabrikam.example\n7"),), (Equals(ListField.CODE, "g"),)),
)


def listed(tx: Connection) -> None:
    """Every filter in both orders."""
    for branches in BRANCHES:
        for field, after in ((ListField.EMAIL, ("g",)), (ListField.EMAIL_REVERSED, ("g",)), (ListField.NAME, ("g", "g"))):
            for descending in (False, True):
                query = ListQuery(branches=branches, order=ListOrder(field=field, descending=descending))
                listed_people.page(tx, query, limit=50)
                listed_people.page(tx, query, after=after, limit=50, scope=SCOPE)
    listed_people.count(tx, ListQuery(branches=((GUEST,),), order=ListOrder(field=ListField.EMAIL)))


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
    "directory.listed_people.page": listed,
    "directory.listed_groups.page": lambda tx: [
        listed_groups.page(tx, ListQuery(branches=branches, order=ListOrder(field=ListField.NAME)), after=("g",), limit=50)
        for branches in (((),), ((Begins(ListField.NAME, "g"),), (Equals(ListField.ID, "1"),)))
    ],
    "directory.people.identities_of_all": lambda tx: people.identities_of_all(tx, ["1"]),
    "oauth.api_tokens.add": lambda tx: api_tokens.add(tx, "token", "payroll", now=START, expires_at=START + 600),
    "oauth.api_tokens.holder": lambda tx: api_tokens.holder(tx, "token", START),
    "oauth.api_tokens.revoke": lambda tx: api_tokens.revoke(tx, "token", "payroll", START),
    "oauth.api_tokens.purge": lambda tx: api_tokens.purge(tx, START),
    "directory.guest_scope.holds": lambda tx: guest_scope.holds(tx, SCOPE, "1"),
    "directory.changes.counter": changes.counter,
    "directory.changes.is_behind": lambda tx: [changes.is_behind(tx, tables) for tables in (changes.PEOPLE, changes.GROUPS)],
    "directory.changes.give_numbers": lambda tx: changes.give_numbers(tx, (*changes.PEOPLE, *changes.GROUPS)),
    "directory.changes.people_since": lambda tx: changes.people_since(tx, PLACE, 50),
    "directory.changes.groups_since": lambda tx: changes.groups_since(tx, PLACE, 50),
    "history.audit.about": lambda tx: audit.about(tx, "1", limit=10),
}
