"""Groups in the portal: members and owners, a rule with its preview, and an end that names what depends on the group."""

from __future__ import annotations

from broker.storage.directory import groups, people
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id

ADA, BO = "ada@fabrikam.example", "bo@fabrikam.example"


def finance(company: Company) -> str:
    """The address of Gus's group."""
    return f"/admin/groups/{company.broker.access.groups.show(ACTOR, 'Finance').group.id}"


def members(company: Company, name: str = "Finance") -> set[str]:
    """The addresses in a group."""
    return {one.email for one in company.broker.access.groups.show(ACTOR, name).members}


def test_an_owner_fills_their_group(company: Company) -> None:
    """Members come and go; the page says how many; a stranger's address comes back with what to do."""
    page = company.get(table.GROUP_OWNER, "/admin/groups").text
    assert 'data-page="admin-groups"' in page
    assert ("Finance" in page, "Auditors" in page) == (True, False)
    path = finance(company)
    done = company.post(table.GROUP_OWNER, f"{path}/members", act="add", email=BO)
    assert "People added: 1." in company.get(table.GROUP_OWNER, done.headers["Location"]).text
    assert members(company) == {ADA, BO}
    for email, said in (("nobody@fabrikam.example", "Invite them first"), ("x", "Nobody here has this address")):
        wrong = company.post(table.GROUP_OWNER, f"{path}/members", act="add", email=email)
        assert (wrong.status_code, said in wrong.text, 'href="#email"' in wrong.text) == (400, True, True)
    company.post(table.GROUP_OWNER, f"{path}/members", act="remove", id=[person_id("ada"), person_id("bo")])
    assert members(company) == set()
    assert [row["actor_id"] for row in company.audit("group.member_removed")] == [person_id("gus")] * 2


def test_owners(company: Company) -> None:
    """An owner names another one; the last one stays (AD-03)."""
    path = finance(company)
    wrong = company.post(table.GROUP_OWNER, f"{path}/owners", act="remove", owner="gus@contoso.example")
    assert (wrong.status_code, 'href="#owner"' in wrong.text) == (400, True)
    company.post(table.GROUP_OWNER, f"{path}/owners", act="add", owner="zoe@contoso.example")
    assert company.get(table.OTHER_OWNER, path).status_code == 200
    gone = company.post(table.GROUP_OWNER, f"{path}/owners", act="remove", owner="gus@contoso.example")
    assert gone.headers["Location"].endswith("/admin/groups")
    assert company.get(table.GROUP_OWNER, path).status_code == 403


def test_a_rule_and_whom_it_matches(company: Company) -> None:
    """Stay, join and leave before anything changes; the rule's own error names its column; a new rule empties the group."""
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("ada"), {"profile": {"groups": ["finance"]}})
        people.change(tx, person_id("bo"), {"profile": {"groups": ["sales"]}})
    made = company.post(table.ADMINISTRATOR, "/admin/groups", name="Money", rule='partner = fabrikam and groups contains "sales"')
    path = made.headers["Location"].partition("?")[0]
    group_id = path.rpartition("/")[2]
    with company.broker.core.db.write() as tx:
        groups.add_member(tx, group_id, person_id("bo"), company.clock())
    page = company.get(table.AUDITOR, f"{path}/rule").text
    assert 'data-page="admin-group-rule"' in page
    draft = 'partner = fabrikam and groups contains "finance"'
    preview = company.broker.access.rule_preview.of(ACTOR, group_id, draft)
    assert (preview.stay, preview.join, preview.leave, preview.is_whole) == (0, 1, 1, True)
    assert [(one.email, one.effect, one.because) for one in preview.changes] == [
        (ADA, "join", ("partner: matched", "groups: matched")),
        (BO, "leave", ("groups: differs",)),
    ]
    shown = company.get(table.ADMINISTRATOR, f"{path}/rule", query_string={"rule": draft}).text
    assert ("Joins" in shown, "Leaves" in shown, "Use this rule" in shown) == (True, True, True)
    assert "Use this rule" not in company.get(table.AUDITOR, f"{path}/rule", query_string={"rule": draft}).text
    assert members(company, "Money") == {BO}  # nothing changed yet
    wrong = company.get(table.ADMINISTRATOR, f"{path}/rule", query_string={"rule": "partner = fabrikam and not x"})
    assert (wrong.status_code, "column 24" in wrong.text) == (400, True)
    assert company.post(table.ADMINISTRATOR, f"{path}/rule", rule=draft).status_code == 303
    assert members(company, "Money") == set()


def test_a_group_in_use_is_not_deleted(company: Company) -> None:
    """FC-03: the page names the policy and the assignment; without them it asks once more, and the button deletes."""
    company.broker.access.assignments.assign(ACTOR, "payroll", "Half")
    half = f"/admin/groups/{company.broker.access.groups.show(ACTOR, 'Half').group.id}"
    page = company.get(table.ADMINISTRATOR, f"{half}/delete").text
    assert ("the policy half" in page, "the assignment to payroll" in page, "data-confirm" in page) == (True, True, False)
    assert company.post(table.ADMINISTRATOR, f"{half}/delete").status_code == 409
    path = finance(company)
    assert "data-confirm" in company.get(table.ADMINISTRATOR, f"{path}/delete").text
    done = company.post(table.ADMINISTRATOR, f"{path}/delete", confirmed="yes")
    assert "The group is deleted" in company.get(table.ADMINISTRATOR, done.headers["Location"]).text
    assert company.get(table.ADMINISTRATOR, path).status_code == 404


def test_a_deletion_wants_a_fresh_proof(company: Company) -> None:
    """An administrator who signed in an hour ago proves who they are before the page that asks."""
    company.clock.advance(3600)
    answer = company.get(table.ADMINISTRATOR, f"{finance(company)}/delete")
    assert (answer.status_code, "/signin/" in answer.headers["Location"]) == (303, True)
