"""/apps: the applications that a person may open, and only those; what an owner looks after."""

from __future__ import annotations

import pytest

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from tests.factories import saved_person
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World

BLOCK = "name: x\nusers: {include: {guests: all}}\ngrant: {block: true}\napplications: {include: [payroll]}\n"
DAY = 86_400


def panel(world: World, who: DemoPerson, query: str = "") -> BrowserPage:
    """The page as the person sees it now."""
    page = who.browser.get(f"{world.url}/apps{query}")
    assert page.name == "apps"
    return page


def words(page: BrowserPage) -> str:
    """What the page says."""
    return " ".join(page.document.text.split())


def tiles(world: World, page: BrowserPage) -> list[str]:
    """Where the tiles lead."""
    return [href.removeprefix(world.callback) for _, href in page.document.links if href.startswith(world.callback)]


def redeemed(world: World) -> DemoPerson:
    """Ada, with a session."""
    ada = world.visitor(ADA)
    world.redeem(ada, world.invite(ADA.email, application=None))
    return ada


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        (BLOCK, False),
        (BLOCK + "state: report_only\n", True),
        (BLOCK + "conditions: {networks: {include: [127.0.0.0/8]}}\n", False),
        (BLOCK + "conditions: {networks: {exclude: [127.0.0.0/8]}}\n", True),
        (BLOCK.replace("{block: true}", "{require: [mfa]}"), True),
        (BLOCK.replace("{block: true}", "{require: [terms_of_use]}"), False),
        (BLOCK + "session: {sign_in_frequency: 1m}\n", False),
        (BLOCK.replace("{block: true}", "{require: [mfa]}") + "session: {sign_in_frequency: 1m}\n", True),
    ],
)
def test_policies_close_a_tile(world: World, policy: str, shown: bool) -> None:
    """A tile is there where a sign-in would not be refused; a second step that it would ask closes nothing, terms that nobody can
    accept do. The tile and the sign-in agree.
    """
    ada = redeemed(world)
    world.clock.advance(120)
    assert tiles(world, panel(world, ada)) == ["/home", "/travel"]
    world.write("policies/p.yaml", policy)
    assert tiles(world, panel(world, ada)) == (["/home", "/travel"] if shown else ["/travel"])
    assert (world.arrive(ada).error == "policy_blocked") is not shown


def test_assignments_close_a_tile(both: World) -> None:
    """An application that requires an assignment shows to those who have one that holds now; staff needs none."""
    both.write(
        "applications/ledger.yaml",
        f"name: Ledger\nredirect_uris: ['{both.callback}/callback']\nlaunch_url: {both.callback}/ledger\nassignment_required: true\n",
    )
    ada, cleo = redeemed(both), both.visitor(CLEO)
    both.sign_in(cleo)
    assert "/ledger" not in tiles(both, panel(both, ada))
    assert "/ledger" in tiles(both, panel(both, cleo))
    now = both.clock()
    both.broker.access.assignments.assign(ACTOR, "ledger", ADA.email, starts_at=now, ends_at=now + 60)
    assert "/ledger" in tiles(both, panel(both, ada))
    both.clock.advance(60)
    assert "/ledger" not in tiles(both, panel(both, ada))


def test_search_and_last_use(world: World) -> None:
    """The search is in the address, its words are kept and escaped, and a language link carries it on; a used tile says when."""
    ada = redeemed(world)
    world.sign_in(ada)
    world.clock.advance(2 * 3600)
    world.sign_in(ada, world.travel)
    world.clock.advance(120)
    page = panel(world, ada)
    assert "Last used: 2 hours ago" in words(page)
    assert "Last used: 2 minutes ago" in words(page)
    found = panel(world, ada, "?q=PAY")
    assert tiles(world, found) == ["/home"]
    assert ("Nederlands", "?q=PAY&lang=nl") in found.document.links
    none = panel(world, ada, "?q=%3Cb%3E")
    assert tiles(world, none) == []
    assert "<b>" not in none.text
    assert "“<b>”" in words(none)


def test_groups_are_named(world: World) -> None:
    """A person sees which groups they are in."""
    ada = redeemed(world)
    assert "You are in these groups" not in words(panel(world, ada))
    world.broker.access.groups.create(ACTOR, "Lisbon project")
    world.broker.access.groups.add_members(ACTOR, "Lisbon project", [ADA.email])
    assert "You are in these groups: Lisbon project" in words(panel(world, ada))


def test_owners_see_what_they_look_after(both: World) -> None:
    """Applications and groups with the guests who are in now, and how many end within a week; nobody else sees it."""
    both.write("applications/travel.yaml", f"name: Travel\nredirect_uris: ['{both.callback}/callback']\nowners: [{CLEO.email}]\n")
    world, ada, cleo = both, redeemed(both), both.visitor(CLEO)
    world.sign_in(cleo)
    assert "You look after" not in words(panel(world, ada))
    assert "Travel 0 guests" in words(panel(world, cleo))
    now = world.clock()
    with world.broker.core.db.write() as tx:
        saved_person(tx, email=BO.email, expires_at=now + 3 * DAY)
    for email in (ADA.email, BO.email):
        world.broker.access.assignments.assign(ACTOR, "travel", email)
    world.broker.access.groups.create(ACTOR, "Lisbon project", owners=[CLEO.email])
    world.broker.access.assignments.assign(ACTOR, "travel", "Lisbon project")
    world.broker.access.groups.add_members(ACTOR, "Lisbon project", [BO.email])
    text = words(panel(world, cleo))
    assert "Travel 2 guests · 1 ends this week" in text
    assert "Lisbon project Group · 1 guest · 1 ends this week · opens Travel" in text
    assert "You look after" not in words(panel(world, ada))
    world.broker.access.assignments.unassign(ACTOR, "travel", ADA.email)
    assert "Travel 1 guest ·" in words(panel(world, cleo))
