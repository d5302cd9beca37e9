"""Groups, their members and owners, and assignments as rows, on both databases."""

from __future__ import annotations

from dataclasses import replace

from broker.domain.assignment import Principal
from broker.storage.directory import assignments, groups
from broker.storage.engine import Connection, Database
from tests import factories
from tests.clock import START


def roles(tx: Connection, person_id: str, application: str = "payroll", now: int = START, **more: str) -> list[str]:
    """The roles of what a person holds."""
    return sorted(row.role for row in assignments.holdings(tx, person_id, application, now, **more) if row.assignment_id)


def test_a_group_comes_back_whole(database: Database):
    """Every field survives; a name is taken in whatever case; the owners come in order."""
    group = factories.group(name="Straße", rule="partner = fabrikam", partner="fabrikam", owners=("a@x.example", "b@x.example"))
    with database.write() as tx:
        assert groups.add(tx, group)
        assert groups.by_id(tx, group.id) == group
        assert groups.by_name(tx, "STRASSE") == group
        assert groups.by_name(tx, "other") is None
        assert not groups.add(tx, factories.group(name="strasse"))
        assert groups.add_owner(tx, group.id, "c@x.example")
        assert not groups.add_owner(tx, group.id, "c@x.example")
        assert groups.remove_owner(tx, group.id, "a@x.example")
        assert not groups.remove_owner(tx, group.id, "a@x.example")
        found = groups.by_id(tx, group.id)
    assert found is not None
    assert found.owners == ("b@x.example", "c@x.example")


def test_members_come_and_go_once(database: Database):
    """Adding twice is one; a page goes on behind an id; the group takes its members with it."""
    group = factories.group()
    with database.write() as tx:
        groups.add(tx, group)
        people = sorted(factories.saved_person(tx).id for _ in range(3))
        for person_id in people:
            assert groups.add_member(tx, group.id, person_id, START)
        assert not groups.add_member(tx, group.id, people[0], START + 1)
        assert groups.count(tx, group.id) == 3
        assert [row[0] for row in groups.members(tx, group.id, after=people[0], limit=1)] == [people[1]]
        assert groups.of_person(tx, people[0]) == [(group, START)]
        assert groups.remove_member(tx, group.id, people[0])
        assert not groups.remove_member(tx, group.id, people[0])
        assert groups.remove(tx, group.id)
        assert not groups.remove(tx, group.id)
        assert groups.of_person(tx, people[2]) == []


def test_groups_are_listed_page_by_page(database: Database):
    """By name whatever the case, with the number of members; of one owner only."""
    with database.write() as tx:
        made = [factories.group(name=name, owners=owners) for name, owners in (("b", ()), ("A", ("o@x.example",)), ("C", ()))]
        for group in made:
            groups.add(tx, group)
        groups.add_member(tx, made[0].id, factories.saved_person(tx).id, START)
        listed = groups.listed(tx, after="", limit=10)
        assert [(group.name, count) for group, count in listed] == [("A", 0), ("b", 1), ("C", 0)]
        assert [group.name for group, _ in groups.listed(tx, after="a", limit=1)] == ["b"]
        assert [group.name for group, _ in groups.listed(tx, after="", limit=9, owner="o@x.example")] == ["A"]


def test_assignments_hold_from_until(database: Database):
    """HT-12, PO-08: from the instant it starts, not at the instant it ends; of this holder and this application."""
    with database.write() as tx:
        person, group = factories.saved_person(tx), factories.group()
        groups.add(tx, group)
        groups.add_member(tx, group.id, person.id, START)
        own = factories.assignment(holder=person.id, role="viewer", ends_at=START + 60)
        through = factories.assignment(Principal.GROUP, holder=group.id, role="approver", starts_at=START + 30)
        for one in (own, through):
            assignments.put(tx, one)
        assert roles(tx, person.id, now=START - 1) == []
        assert roles(tx, person.id) == ["viewer"]
        assert roles(tx, person.id, now=START + 30) == ["approver", "viewer"]
        assert roles(tx, person.id, now=START + 60) == ["approver"]
        assert roles(tx, person.id, "travel", START + 30) == []
        assert assignments.applications_of(tx, person.id, START + 60) == {"payroll"}
        assert assignments.applications_of(tx, person.id, START - 1) == set()
        groups.remove_member(tx, group.id, person.id)
        assert assignments.applications_of(tx, person.id, START + 60) == set()


def test_one_holder_one_application_one_role(database: Database):
    """Assigning again keeps the id and takes the new times; the name of the holder comes with it."""
    with database.write() as tx:
        person, group = factories.saved_person(tx), factories.group(name="Finance")
        groups.add(tx, group)
        for kind, holder, name in ((Principal.PERSON, person.id, person.email), (Principal.GROUP, group.id, "Finance")):
            first = factories.assignment(kind, holder=holder, name=name)
            assignments.put(tx, first)
            assignments.put(tx, factories.assignment(kind, holder=holder, ends_at=START + 9))
            assert assignments.of(tx, kind, holder) == [replace(first, ends_at=START + 9)]
            assert assignments.of(tx, kind, holder, "travel") == []
            assert assignments.of_application(tx, "payroll", kind) == [replace(first, ends_at=START + 9)]
            assert assignments.of_application(tx, "payroll", kind, after=first.id) == []
            assert assignments.drop(tx, kind, holder, "payroll", "viewer") == 0
            assignments.put(tx, factories.assignment(kind, holder=holder, role="viewer"))
            assert assignments.drop(tx, kind, holder, "payroll", "viewer") == 1
            assert assignments.drop(tx, kind, holder, "payroll", None) == 1


def test_a_redemption_opens_what_had_ended_only(database: Database):
    """An invitation never shortens what a person has; what has ended begins anew."""
    with database.write() as tx:
        person = factories.saved_person(tx)
        assert assignments.open_for(tx, "a-1", person.id, "payroll", "", START)
        assert not assignments.open_for(tx, "a-2", person.id, "payroll", "", START + 1)
        assignments.put(tx, factories.assignment(holder=person.id, ends_at=START + 60))
        assert not assignments.open_for(tx, "a-3", person.id, "payroll", "", START + 59)
        assert assignments.open_for(tx, "a-4", person.id, "payroll", "", START + 60)
        (held,) = assignments.of(tx, Principal.PERSON, person.id)
        assert (held.id, held.starts_at, held.ends_at) == ("a-1", START + 60, None)


def test_rules_of_a_partner_come_to_be_judged(database: Database):
    """Only groups whose rule may speak of this partner's people, each with what it would open."""
    with database.write() as tx:
        person = factories.saved_person(tx)
        made = {
            name: factories.group(name=name, rule=None if partner is None else "x", partner=partner)
            for name, partner in (("hand", None), ("any", ""), ("fabrikam", "fabrikam"), ("northwind", "northwind"))
        }
        for group in made.values():
            groups.add(tx, group)
            assignments.put(tx, factories.assignment(Principal.GROUP, holder=group.id, role=group.name))
        assert assignments.holdings(tx, person.id, "payroll", START) == []
        held = assignments.holdings(tx, person.id, "payroll", START, partner="fabrikam")
        assert sorted((row.group, row.role, row.member) for row in held) == [
            ("any", "any", False),
            ("fabrikam", "fabrikam", False),
        ]
        groups.add_member(tx, made["northwind"].id, person.id, START)
        held = assignments.holdings(tx, person.id, "payroll", START, partner="fabrikam")
        assert [(row.group, row.role) for row in held if row.member] == [("northwind", "northwind")]
        assert roles(tx, person.id) == ["northwind"]
        assert [one.role for one in assignments.through_groups(tx, person.id)] == ["northwind"]
