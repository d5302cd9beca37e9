"""Guests as one member of staff may see them: scope of owners, filters, orders, pages, counts (AD-01, AD-07)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from broker.domain.audit import Actor
from broker.domain.errors import Forbidden, NotFound
from broker.domain.guest import GuestState
from broker.services.guests.staff_view import GuestOrder, GuestSearch, usual_searches
from broker.storage.directory import people
from broker.storage.login import receipts
from tests import factories
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import GUESTS, STAFF, Company, person_id

DAY = 86_400


def actor(role: str) -> Actor:
    """Somebody of this role."""
    return Actor.person(person_id({**STAFF, **GUESTS}[role]))


def found(
    company: Company, wanted: GuestSearch, role: str = table.ADMINISTRATOR, order: GuestOrder = GuestOrder.EMAIL
) -> list[str]:
    """The names in the addresses of what is listed."""
    page = company.broker.guests.staff_view.listed(actor(role), wanted, order, views={})
    return [row.email.partition("@")[0] for row in page.rows]


def test_each_sees_their_own(company: Company) -> None:
    """AD-01: an owner sees the guests of what they own; a guest and a member without a role see none."""
    seen = {role: found(company, GuestSearch(), role) for role in (*table.STAFF,)}
    assert seen == {
        table.ADMINISTRATOR: ["ada", "bo"],
        table.AUDITOR: ["ada", "bo"],
        table.HELP_DESK: ["ada", "bo"],
        table.INVITER: ["ada", "bo"],
        table.OWNER: ["ada"],
        table.OTHER_OWNER: ["bo"],
        table.GROUP_OWNER: ["ada"],
    }
    with pytest.raises(Forbidden):
        found(company, GuestSearch(), table.GUEST)


def test_an_owner_sees_only_their_part_of_a_guest(company: Company) -> None:
    """AD-01: what a guest has elsewhere, how they sign in and what the audit says is not an owner's."""
    show = company.broker.guests.staff_view.show
    company.broker.access.assignments.assign(ACTOR, "travel", person_id("ada"), role="viewer")
    whole, part = show(actor(table.ADMINISTRATOR), person_id("ada")), show(actor(table.OWNER), person_id("ada"))
    assert {one.application for one in whole.guest.assignments} == {"payroll", "travel"}
    assert {one.application for one in part.guest.assignments} == {"payroll"}
    assert (len(whole.guest.groups), len(part.guest.groups)) == (1, 0)
    assert whole.sessions
    assert (part.sessions, part.history, part.guest.methods, part.whole) == ((), (), (), False)
    for role, guest in (
        (table.OWNER, "bo"),
        (table.GROUP_OWNER, "bo"),
        (table.ADMINISTRATOR, "alice"),
        (table.ADMINISTRATOR, "no"),
    ):
        with pytest.raises(NotFound):
            show(actor(role), person_id(guest))


def test_filters(company: Company) -> None:
    """Each filter alone, and together; an id and a reference find one person."""
    now = company.clock()
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("bo"), {"state": GuestState.INVITED.value, "last_sign_in": now - 100 * DAY})
        receipts.save(tx, factories.receipt(request_id="7KQ4-M2XT-9RZB", person_id=person_id("bo")))
    for wanted, names in (
        (GuestSearch(text="ada@"), ["ada"]),
        (GuestSearch(text="BO F"), ["bo"]),
        (GuestSearch(text="b"), ["bo"]),
        (GuestSearch(text=person_id("ada").upper()), ["ada"]),
        (GuestSearch(text="7kq4-m2xt-9rzb"), ["bo"]),
        (GuestSearch(text="7KQ4-M2XT-9RZC"), []),
        (GuestSearch(text="%"), []),
        (GuestSearch(text="' OR 1=1 --"), []),
        (GuestSearch(state=GuestState.INVITED), ["bo"]),
        (GuestSearch(partner="fabrikam"), ["ada", "bo"]),
        (GuestSearch(partner="northwind"), []),
        (GuestSearch(application="travel"), ["bo"]),
        (GuestSearch(group="FINANCE"), ["ada"]),
        (GuestSearch(sponsor="alice@contoso.example", application="payroll"), ["ada"]),
        (GuestSearch(ends_before=now + 31 * DAY), ["ada"]),
        (GuestSearch(ends_before=now + 29 * DAY), []),
        (GuestSearch(seen_before=now - 90 * DAY), ["ada", "bo"]),
        (GuestSearch(seen_before=now - 101 * DAY), ["ada"]),
    ):
        assert found(company, wanted) == names, wanted


@pytest.mark.parametrize("order", GuestOrder)
def test_pages_join_without_a_gap(company: Company, order: GuestOrder) -> None:
    """Every guest once, in the order that was asked for, whatever the size of a page; those without the value come last."""
    now, listed = company.clock(), company.broker.guests.staff_view.listed
    with company.broker.core.db.write() as tx:
        for number in range(9):
            guest = factories.saved_person(tx, email=f"x{number}@fabrikam.example", name=f"Name {number % 3}")
            values = {"expires_at": now + (number % 4) * DAY, "last_sign_in": now - (number % 4) * DAY} if number < 7 else {}
            if values:
                people.change(tx, guest.id, values)
    whole = [row.id for row in listed(actor(table.ADMINISTRATOR), GuestSearch(), order, views={}, limit=50).rows]
    assert len(set(whole)) == len(whole) == 11
    for size in (1, 2, 4):
        got: list[str] = []
        after = None
        while True:
            page = listed(actor(table.ADMINISTRATOR), GuestSearch(), order, views={}, after=after, limit=size)
            got += [row.id for row in page.rows]
            after = page.next_key
            if after is None:
                break
        assert got == whole, (order, size)


def test_counts(company: Company) -> None:
    """The views' counts are those of the actor's own scope."""
    service = company.broker.guests.staff_view
    views = usual_searches(company.clock(), 90 * DAY)
    page = service.listed(actor(table.OWNER), GuestSearch(), GuestOrder.EMAIL, views=views)
    assert page.counts == {"here": 1, "all": 1, "invited": 0, "ending": 0, "no_sponsor": 0, "unseen": 1}


def test_acts_ask_for_their_right(company: Company) -> None:
    """SC-06, AD-02, AD-03: each act over a guest asks by itself; nobody but an administrator acts on staff."""
    broker = company.broker
    acts: dict[str, Callable[[Actor, str], object]] = {
        "block": broker.guests.lifecycle.block,
        "unblock": broker.guests.lifecycle.unblock,
        "renew": lambda who, name: broker.guests.lifecycle.renew(who, name, forever=True),
        "sign_out": broker.guests.lifecycle.sign_out,
        "delete": broker.guests.lifecycle.delete,
        "factors": broker.factors.reset.reset,
    }
    for name, act in acts.items():
        for role in {*table.STAFF} - {table.ADMINISTRATOR} - ({table.HELP_DESK} if name == "factors" else set()):
            hidden = role == table.OTHER_OWNER
            with pytest.raises(NotFound if hidden else Forbidden):
                act(actor(role), person_id("ada"))
        for nobody in (actor(table.GUEST), Actor.person(person_id("ada")), Actor.application("payroll")):
            with pytest.raises(Forbidden):
                act(nobody, person_id("ada"))
    with pytest.raises(NotFound):  # a help desk that resets an administrator's methods would be one
        acts["factors"](actor(table.HELP_DESK), person_id("alice"))
