"""Lists of people for programs: every page in turn is the whole list, in its order, on both databases."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from broker.domain.group import folded
from broker.domain.guest import GuestState, Identity, Person, PersonKind
from broker.domain.ids import new_id
from broker.domain.list_query import Begins, Branch, Differs, Equals, Known, ListField, ListOrder, ListQuery
from broker.domain.mailbox import PARTNER
from broker.storage.directory import assignments, erasure, listed_people, people
from broker.storage.directory.guest_scope import GuestScope
from broker.storage.engine import Database
from tests import factories
from tests.clock import START

F = ListField
GUEST, MEMBER = Equals(F.KIND, "guest"), Equals(F.KIND, "member")
ORDERS = [
    ListOrder(field=field, descending=descending) for field in (F.EMAIL, F.EMAIL_REVERSED, F.NAME) for descending in (False, True)
]
FILTERS: list[tuple[Branch, ...]] = [
    ((),),
    (),
    ((GUEST,),),
    ((MEMBER,),),
    ((GUEST, MEMBER),),
    ((GUEST, Equals(F.STATE, "invited")), (GUEST, Equals(F.STATE, "blocked"), Known(F.REDEEMED, yes=False))),
    ((Begins(F.EMAIL_REVERSED, "@fabrikam.example"[::-1]),),),
    ((Begins(F.EMAIL_REVERSED, "7@fabrikam.example"[::-1]), GUEST),),
    ((Begins(F.EMAIL, "ann"),), (Begins(F.NAME, "ann"),), (GUEST,)),
    ((Begins(F.NAME, "é"),),),
    ((Begins(F.EMAIL, "%"),), (Begins(F.EMAIL, "a_n"),)),
    ((Differs(F.EMAIL, "ann@fabrikam.example"), MEMBER),),
    ((Equals(F.NAME, "ann lee"),),),
]


def crowd(database: Database) -> list[Person]:
    names = ["Ann Lee", "ann lee", "Émile", "Zoe", ""]
    addresses = ["ann", "ann_b", "a%b", "bob", "éa", "Zed"]
    found = []
    for number, (name, local, kind) in enumerate(itertools.product(names, addresses, PersonKind)):
        domain = ["fabrikam.example", "northwind.example"][number % 2]
        found.append(
            replace(
                factories.person(),
                id=new_id(),
                name=name,
                kind=kind,
                email=f"{local}{number or ''}@{domain}".lower(),
                state=[GuestState.INVITED, GuestState.ACTIVE, GuestState.BLOCKED][number % 3],
                redeemed_at=None if number % 4 else START,
            )
        )
    gone = replace(factories.person(), id=new_id(), name="Ann Gone", email="ann.gone@fabrikam.example")
    ended = replace(factories.person(), id=new_id(), state=GuestState.EXPIRED, email="ann.ended@fabrikam.example")
    with database.write() as tx:
        assert people.add(tx, ended)
        for person in (*found, gone):
            assert people.add(tx, person)
        erasure.forget(tx, gone, [])
    return found


def value(person: Person, field: ListField) -> str | None:
    redeemed = None if person.redeemed_at is None else "yes"
    return {
        F.EMAIL: person.email, F.NAME: folded(person.name), F.KIND: person.kind.value, F.STATE: person.state.value,
        F.EMAIL_REVERSED: person.email[::-1], F.REDEEMED: redeemed,
    }[field]  # fmt: skip


def holds(person: Person, branch: Branch) -> bool:
    for one in branch:
        found = value(person, one.field)
        match one:
            case Equals():
                good = found == one.value
            case Differs():
                good = found != one.value
            case Begins():
                good = (found or "").startswith(one.value)
            case Known():
                good = (found is not None) is one.yes
            case _:
                raise AssertionError(one)
        if not good:
            return False
    return True


def test_every_page_in_turn_is_the_list(database: Database):
    """Every filter in every order, seven rows at a time, is what the same filter says of each person."""
    everybody = crowd(database)
    with database.read() as tx:
        for branches, order in itertools.product(FILTERS, ORDERS):
            query = ListQuery(branches=branches, order=order)
            matching = [person for person in everybody if any(holds(person, branch) for branch in branches)]
            expected = [
                one.email
                for one in sorted(matching, key=lambda one: (value(one, order.field), one.email), reverse=order.descending)
            ]
            seen: list[str] = []
            after = None
            while True:
                rows, keys = listed_people.page(tx, query, after=after, limit=7)
                seen += [person.email for person in rows]
                if len(rows) < 7:
                    break
                after = keys[-1]
            assert seen == expected, (branches, order)
            assert listed_people.count(tx, query) == len(expected)


def test_a_changed_address_is_found_by_its_new_end(database: Database):
    """The column of the end follows the address."""
    ann, *_ = crowd(database)
    with database.write() as tx:
        people.change(tx, ann.id, {"email": "ann@moved.example"})
        query = ListQuery(
            branches=((Begins(F.EMAIL_REVERSED, "@moved.example"[::-1]),),), order=ListOrder(field=F.EMAIL_REVERSED)
        )
        assert [person.id for person in listed_people.page(tx, query, limit=5)[0]] == [ann.id]


def test_people_by_their_identities(database: Database):
    """An identity is compared by issuer and subject; a code by mail is the identity of the address."""
    ann, bob, eve = crowd(database)[:3]
    with database.write() as tx:
        people.bind(tx, Identity(partner="fabrikam", issuer="https://idp.example", subject="7", person_id=ann.id, bound_at=START))
        people.bind(
            tx, Identity(partner=PARTNER, issuer="https://ours.example", subject=bob.id, person_id=bob.id, bound_at=START)
        )
        people.bind(tx, Identity(partner="x", issuer="https://ours.example", subject=eve.id, person_id=eve.id, bound_at=START))

    def found(condition: Equals) -> list[str]:
        with database.read() as tx:
            query = ListQuery(branches=((condition,),), order=ListOrder(field=F.EMAIL))
            return [person.id for person in listed_people.page(tx, query, limit=5)[0]]

    assert found(Equals(F.IDENTITY, "https://idp.example\n7")) == [ann.id]
    assert found(Equals(F.IDENTITY, "https://idp.example\n8")) == []
    assert found(Equals(F.IDENTITY, "\n7")) == []
    assert found(Equals(F.CODE, bob.email)) == [bob.id]
    assert found(Equals(F.CODE, ann.email)) == found(Equals(F.CODE, eve.email)) == []


@pytest.mark.parametrize("scope", [GuestScope(), GuestScope(applications=frozenset({"payroll"}))], ids=["nothing", "payroll"])
def test_only_what_an_owner_may_see(database: Database, scope: GuestScope):
    """A scope narrows list and count."""
    ann, *_ = crowd(database)
    with database.write() as tx:
        assignments.put(tx, factories.assignment(holder=ann.id, application="payroll"))
    query = ListQuery(order=ListOrder(field=F.EMAIL))
    with database.read() as tx:
        expected = [ann.id] if scope.applications else []
        assert [person.id for person in listed_people.page(tx, query, limit=5, scope=scope)[0]] == expected
        assert listed_people.count(tx, query, scope=scope) == len(expected)
