"""The guests of applications and groups, counted up to a limit, on both databases."""

from __future__ import annotations

from broker.domain.assignment import Principal
from broker.domain.guest import GuestState, PersonKind
from broker.storage.directory import access_counts, assignments, groups
from broker.storage.directory.access_counts import AccessCount
from broker.storage.engine import Database
from tests import factories
from tests.clock import START

WEEK = 7 * 86_400


def test_guests_are_counted_once_and_up_to_a_limit(database: Database) -> None:
    """By assignment and through a group is one guest; members, blocked guests and what does not hold now are left out; of more than
    the limit it is known only that there are more.
    """
    group, empty = factories.group(name="Auditors"), factories.group(name="Nobody")
    with database.write() as tx:
        for one in (group, empty):
            groups.add(tx, one)
        ada, bo = factories.saved_person(tx, expires_at=START + WEEK - 1), factories.saved_person(tx, expires_at=START + WEEK)
        blocked = factories.saved_person(tx, state=GuestState.BLOCKED, expires_at=START + 10)
        member = factories.saved_person(tx, kind=PersonKind.MEMBER)
        late = factories.saved_person(tx)
        for person in (ada, bo, blocked, member):
            groups.add_member(tx, group.id, person.id, START)
        assignments.put(tx, factories.assignment(holder=ada.id))
        assignments.put(tx, factories.assignment(holder=late.id, starts_at=START + 1))
        through = factories.assignment(principal=Principal.GROUP, holder=group.id, application="payroll")
        assignments.put(tx, through)
        soon = START + WEEK
        found = access_counts.of_applications(tx, ["payroll", "wiki"], START, soon)
        assert found == {"payroll": AccessCount(2, 1), "wiki": AccessCount(0, 0)}
        assert access_counts.of_groups(tx, [group.id, empty.id], START, soon) == {
            group.id: AccessCount(2, 1),
            empty.id: AccessCount(0, 0),
        }
        assert access_counts.of_groups(tx, [group.id], START, soon, most=4)[group.id] == AccessCount(2, 1)
        cut = access_counts.of_groups(tx, [group.id], START, soon, most=3)[group.id]
        assert (cut.guests <= 2, cut.more) == (True, True)
        assert access_counts.of_groups(tx, [], START, soon) == {}
