"""`/admin/roles`: who has which role, what it is worth, and who owns what."""

from __future__ import annotations

import re

from broker.domain.guest import GuestState
from broker.services.authorization import MAY, Right, Role
from broker.storage.directory import groups as company_groups
from broker.storage.directory import people, role_groups
from broker.web.admin.role_words import RIGHTS, ROLES, STANDINGS
from tests import factories
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id

PATH = "/admin/roles"


def part(page: str, name: str) -> str:
    """The section of a role."""
    found = re.search(rf'<section aria-labelledby="{name}">.*?</section>', page, re.DOTALL)
    assert found, name
    return found[0]


def test_each_role_names_who_has_it(company: Company) -> None:
    """Addresses and groups of broker.yaml, with the members of a group counted and linked."""
    page = company.get(table.AUDITOR, PATH).text
    assert "Roles" in page
    assert "config/broker.yaml" in page
    assert "alice@contoso.example" in part(page, "administrator")
    assert "hal@contoso.example" in part(page, "help_desk")
    assert "gil@contoso.example" in part(page, "guest_inviter")
    group = company.broker.access.groups.show(ACTOR, "Auditors").group.id
    auditors = part(page, "auditor")
    assert f'href="/admin/groups/{group}"' in auditors
    assert "1 person has the right" in auditors
    assert "1 member<" in auditors


def test_an_address_without_a_right_is_the_news(company: Company) -> None:
    """SC-06: a blocked member and an address of nobody have no right, and the page says why; a guest in a role's group does not count."""
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("hal"), {"state": GuestState.BLOCKED})
        people.change(tx, person_id("gil"), {"email": "moved@contoso.example"})
    company.broker.access.groups.add_members(ACTOR, "Auditors", ["ada@fabrikam.example"])
    page = company.get(table.ADMINISTRATOR, PATH).text
    assert "2 addresses have a role, but no right" in page
    assert "This member is blocked, or their access is over." in part(page, "help_desk")
    assert "A member is created at their first sign-in." in part(page, "guest_inviter")
    assert "1 person has the right" in part(page, "auditor")
    assert "2 members<" in part(page, "auditor")
    assert "no right" not in part(page, "administrator").lower()


def test_a_group_that_does_not_exist_gives_nobody_the_role(company: Company) -> None:
    """The entry stays in the file when the group is gone."""
    company.broker.access.groups.remove(ACTOR, "Auditors", force=True)
    page = part(company.get(table.ADMINISTRATOR, PATH).text, "auditor")
    assert "There is no group of this name." in page
    assert "Auditors" in page


def test_owners_stand_with_what_they_own(company: Company) -> None:
    """Applications by their files, groups by their owners, each linked; the links open."""
    page = part(company.get(table.ADMINISTRATOR, PATH).text, "owners")
    assert page.index("bob@contoso.example") < page.index("gus@contoso.example") < page.index("zoe@contoso.example")
    links = re.findall(r'href="(/admin/(?:applications|groups)/[^"]+)"', page)
    assert len(links) == 3
    assert all(company.get(table.ADMINISTRATOR, one).status_code == 200 for one in links)


def test_a_role_may_what_the_table_of_rights_says(company: Company) -> None:
    """The one table is the source of the words: each right has one, and a role lists its own and no other."""
    assert set(RIGHTS) == set(Right)
    assert set(ROLES) == set(Role)
    page = company.get(table.ADMINISTRATOR, PATH).text
    assert "May: everything." in part(page, "administrator")
    for role in (Role.HELP_DESK, Role.GUEST_INVITER, Role.AUDITOR):
        found = re.search(r"<p>May: (.*?)\.</p>", part(page, role.value))
        assert found
        assert found[1].split("; ") == [str(RIGHTS[right]) for right in Right if right in MAY[role]]
    assert len(STANDINGS) == 5


def test_owners_come_in_pages(company: Company) -> None:
    """Keyset, by address: each owner once; of many groups the first ten are shown."""
    with company.broker.core.db.write() as tx:
        for number in range(12):
            group = factories.group(name=f"Team {number:02}", owners=("gus@contoso.example",))
            company_groups.add(tx, group)
        assert role_groups.owners(tx, after="", limit=5) == ["gus@contoso.example"]
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        view = company.broker.access.role_holders.show(ACTOR, after=after, limit=1)
        seen += [one.address.email for one in view.owners]
        after = view.next_owner
        for one in view.owners:
            if one.address.email == "gus@contoso.example":
                assert (len(one.groups), one.more_groups) == (10, True)
    assert seen == ["bob@contoso.example", "gus@contoso.example", "zoe@contoso.example"]


def test_the_navigation_shows_roles_to_whoever_may_see_them(company: Company) -> None:
    """AD-01: administrators and auditors."""
    for role, shown in ((table.ADMINISTRATOR, True), (table.AUDITOR, True), (table.HELP_DESK, False), (table.OWNER, False)):
        assert (f'href="{PATH}"' in company.get(role, "/admin").text) is shown
