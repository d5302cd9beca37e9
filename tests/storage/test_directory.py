"""Lists of guests: filtered, page by page, in one order on both databases, whatever their number."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.domain.guest import GuestState, PersonKind
from broker.storage.directory import guest_pages, people
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.engine import Connection, Database
from tests import factories
from tests.clock import START


def listed(tx: Connection, *, limit: int = 10, after: str = "", **wanted: Any) -> list[str]:
    """The names of a page."""
    return [person.email.split("@")[0] for person in guest_pages.page(tx, GuestFilter(**wanted), after=after, limit=limit)]


def pages(tx: Connection, limit: int, **wanted: Any) -> list[str]:
    """The same, page after page until there is none."""
    found: list[str] = []
    after = ""
    while page := guest_pages.page(tx, GuestFilter(**wanted), after=after, limit=limit):
        found += [person.email.split("@")[0] for person in page]
        after = page[-1].email
    return found


def test_filters(database: Database) -> None:
    """State, partner, sponsor, the beginning of an address; members only where they are asked for; the deleted nowhere."""
    names = ("ada", "bo", "cleo", "dora")
    with database.write() as tx:
        for name in names:
            state = GuestState.BLOCKED if name == "bo" else GuestState.ACTIVE
            sponsor = "bob@contoso.example" if name == "dora" else "alice@contoso.example"
            factories.saved_person(tx, email=f"{name}@fabrikam.example", state=state, sponsor=sponsor)
        factories.saved_person(tx, email="a_a@fabrikam.example", partner="northwind", kind=PersonKind.MEMBER)
        gone = factories.saved_person(tx, email="gone@fabrikam.example")
        people.change(tx, gone.id, {"email": None, "state": GuestState.DELETED.value})

        assert listed(tx, kind=None) == ["a_a", *names]
        assert listed(tx) == list(names)
        assert listed(tx, limit=2) == ["ada", "bo"]
        assert listed(tx, after="ada@fabrikam.example") == ["bo", "cleo", "dora"]
        assert listed(tx, state=GuestState.BLOCKED) == ["bo"]
        assert listed(tx, kind=None, partner="northwind") == ["a_a"]
        assert listed(tx, sponsor="bob@contoso.example") == ["dora"]
        assert listed(tx, text="a") == ["ada"]
        assert listed(tx, kind=None, text="a_") == ["a_a"]  # an underscore is no wildcard
        assert listed(tx, text="%") == []
        assert guest_pages.count(tx, GuestFilter(state=GuestState.ACTIVE)) == 3


def test_names_are_found_by_their_beginning(database: Database) -> None:
    """Whatever the case, in the order of names; a name that changed is found as it is now, one that was deleted nowhere."""
    with database.write() as tx:
        for number, name in enumerate(("Ada Zander", "ada abt", "ÉMILE Ada", "Straße", "ad_a", "\U0010ffff", "\ud7ff")):
            factories.saved_person(tx, email=f"g{number}@x.example", name=name)
        assert listed(tx, name="ADA ") == pages(tx, 1, name="ada ") == ["g1", "g0"]
        assert listed(tx, name="émile") == ["g2"]
        assert listed(tx, name="STRASS") == ["g3"]
        assert listed(tx, name="ad_") == ["g4"]
        assert listed(tx, name="\U0010ffff") == ["g5"]
        assert listed(tx, name="\ud7ff") == ["g6"]
        assert listed(tx, name="zander") == []
        found = people.by_email(tx, "g0@x.example")
        assert found is not None
        people.change(tx, found.id, {"name": "Zoë Zander"})
        assert listed(tx, name="zoë") == ["g0"]
        assert listed(tx, name="ada") == ["g1"]
        assert listed(tx, name="ad", partner="nobody") == []


def test_ends_visits_and_sponsors_in_their_order(database: Database) -> None:
    """Who ends first, who was away longest, who has had nobody for longest; several at one moment by address."""
    with database.write() as tx:
        for number, name in enumerate(("dora", "cleo", "bo", "ada")):
            at = START + number // 2 * 100
            factories.saved_person(tx, email=f"{name}@x.example", expires_at=at, last_sign_in=at, sponsor=None, created_at=at)
        factories.saved_person(tx, email="free@x.example", last_sign_in=START + 900)
        factories.saved_person(tx, email="over@x.example", expires_at=START, state=GuestState.EXPIRED)
        wanted = ["cleo", "dora", "ada", "bo"]
        for filters in ({"expiring_before": START + 101}, {"inactive_since": START + 101}, {"without_sponsor": True}):
            assert listed(tx, **filters) == wanted, filters
            assert pages(tx, 1, **filters) == wanted, filters
            assert pages(tx, 3, **filters) == wanted, filters
        assert listed(tx, expiring_before=START) == []
        assert listed(tx, expiring_before=START + 101, after="nobody@x.example") == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text("aAbz019._+-é'ß\U0001f600", min_size=1, max_size=6), unique=True, min_size=1, max_size=12), st.integers(1, 5)
)
def test_pages_are_complete_and_in_the_order_of_code_points(database: Database, names: list[str], limit: int) -> None:
    """AD-07: whatever the addresses are made of, every one is on exactly one page, and a prefix finds those that have it."""
    connection = database.writer.connect()
    transaction = connection.begin()
    try:
        for name in names:
            factories.saved_person(connection, email=f"{name}@x.example")
        assert pages(connection, limit) == sorted(names, key=lambda name: f"{name}@x.example".encode())
        first = names[0][0]
        assert sorted(pages(connection, limit, text=first)) == sorted(name for name in names if name.startswith(first))
    finally:
        transaction.rollback()
        connection.close()
