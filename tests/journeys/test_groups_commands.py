"""`broker groups`, `broker assign` and `broker unassign` as staff uses them: JSON, tables, exit statuses, one clear line."""

from __future__ import annotations

import pytest

from tests.journeys.test_commands import Run, as_json, run
from tests.journeys.world import ADA, BO, World

__all__ = ["run"]  # the fixture


def test_groups(world: World, run: Run) -> None:
    """create, list, add, remove, show, delete: names and ids, adding twice is one."""
    world.invite(ADA.email)
    assert "No groups yet" in run("groups", "list").stdout
    made = as_json(run("groups", "create", "Finance", "--owner", "Cleo@Contoso.example", "--json"))
    assert (made["name"], made["owners"], made["dynamic"], made["rule"]) == ("Finance", ["cleo@contoso.example"], False, None)
    assert as_json(run("groups", "add", "finance", ADA.email, "--json"))["added"] == 1
    assert as_json(run("groups", "add", made["id"], ADA.email, "--json")) | {"added": 0} == as_json(
        run("groups", "add", "FINANCE", ADA.email, "--json")
    )
    assert [(row["name"], row["members"]) for row in as_json(run("groups", "list", "--json"))] == [("Finance", 1)]
    shown = as_json(run("groups", "show", "finance", "--json"))
    assert [person["email"] for person in shown["people"]] == [ADA.email]
    assert as_json(run("guests", "show", ADA.email, "--json"))["groups"][0]["id"] == made["id"]
    assert ADA.email in run("groups", "show", "finance").stdout
    assert "Finance" in run("groups", "list").stdout
    assert run("groups", "remove", "Finance", ADA.email).stdout == "1 removed; Finance has 0\n"
    assert as_json(run("groups", "change", "Finance", "--name", "Money", "--json"))["name"] == "Money"
    assert as_json(run("groups", "delete", "money", "--json"))["id"] == made["id"]
    assert as_json(run("groups", "list", "--json")) == []
    assert run("groups", "delete", "money").exit_code == 1


def test_dynamic_groups(run: Run) -> None:
    """A rule is shown as it holds; what no partner sends is told; nobody is added by hand."""
    result = run("groups", "create", "Fin", "--partner", "fabrikam", "--rule", 'shoe = 44 or groups contains "f"', "--json")
    made = as_json(result)
    assert (made["dynamic"], made["partner"]) == (True, "fabrikam")
    assert made["rule"] == 'partner = fabrikam and (shoe = 44 or groups contains "f")'
    assert result.stderr.count("note: ") == 2
    assert run("groups", "create", "All", "--partner", "fabrikam").stdout.endswith("partner = fabrikam\n")
    refused = run("groups", "add", "fin", "nobody@fabrikam.example")
    assert (refused.exit_code, "said by its rule alone" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["groups", "create", "a@b"], "cannot be a group's name"),
        (["groups", "create", "X", "--rule", "groups = finance"], "rule, column 10: expected a text in double quotes"),
        (["groups", "create", "X", "--partner", "nope"], "there is no partner 'nope'"),
        (["groups", "create", "X", "--owner", "nobody"], "not a mail address"),
        (["groups", "show", "nope"], "there is no group 'nope'"),
        (["groups", "add", "nope", "a@b.example"], "there is no group 'nope'"),
        (["assign", "nope", "a@b.example"], "there is no application 'nope'"),
        (["assign", "payroll", "a@b.example"], "there is no guest 'a@b.example'"),
        (["assign", "payroll", "Nobody"], "there is no guest and no group 'Nobody'"),
        (["assign", "payroll", "Nobody", "--until", "soon"], "'soon' is no date"),
        (["unassign", "payroll", "Nobody"], "there is no guest and no group 'Nobody'"),
    ],
)
def test_refusals(run: Run, words: list[str], said: str) -> None:
    """Exit 1 with one clear line on standard error."""
    result = run(*words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_wrong_usage(run: Run) -> None:
    """Exit 2: neither a holder nor --list, or both."""
    assert run("assign", "payroll").exit_code == 2
    assert run("assign", "payroll", "x", "--list").exit_code == 2
    assert run("groups", "add", "x").exit_code == 2


def test_assign(world: World, run: Run) -> None:
    """Guests and groups, with roles and times, shown with the guest, the group and the application; unassign takes back."""
    world.invite(BO.email)
    world.write("applications/payroll.yaml", (world.home / "config/applications/payroll.yaml").read_text() + "roles: [viewer]\n")
    run("groups", "create", "Finance")
    run("groups", "add", "Finance", BO.email)
    until = ["--from", "2030-01-01", "--until", "2030-01-31"]
    made = as_json(run("assign", "payroll", BO.email, "--role", "viewer", *until, "--json"))
    assert (made["principal"], made["name"], made["role"], made["status"]) == ("person", BO.email, "viewer", "future")
    assert (made["starts_at"], made["ends_at"]) == ("2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z")
    group = as_json(run("assign", "payroll", "finance", "--json"))
    assert (group["principal"], group["role"], group["ends_at"], group["status"]) == ("group", None, None, "active")
    assert "open to every guest" in run("assign", "payroll", "finance").stderr
    listed = as_json(run("assign", "payroll", "--list", "--json"))
    assert [row["id"] for row in listed] == [group["id"], made["id"]]
    assert BO.email in run("assign", "payroll", "--list").stdout
    shown = as_json(run("guests", "show", BO.email, "--json"))
    assert [row["name"] for row in shown["assignments"]] == [BO.email, "Finance"]
    assert [row["id"] for row in as_json(run("groups", "show", "Finance", "--json"))["assignments"]] == [group["id"]]
    assert "payroll" in run("groups", "show", "Finance").stdout
    assert run("unassign", "payroll", BO.email, "--role", "other").exit_code == 1
    assert [row["id"] for row in as_json(run("unassign", "payroll", BO.email, "--json"))] == [made["id"]]
    assert run("unassign", "payroll", "Finance").stdout == "Finance: 1 removed\n"
    assert "Nobody is assigned to payroll." in run("assign", "payroll", "--list").stdout
