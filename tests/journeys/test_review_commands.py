"""`broker reviews`: started, shown, exported without formulas."""

from __future__ import annotations

import csv

from broker.storage.directory import people
from tests.clock import START
from tests.journeys.test_commands import Run, as_json, run
from tests.journeys.world import ACTOR, ADA, BO, World

__all__ = ["run"]  # the fixture

DAY = 86_400


def test_commands(world: World, run: Run) -> None:
    """AD-09: a name that is a formula reaches a spreadsheet as text; each command prints what the contract of --json says."""
    for account in (ADA, BO):
        world.redeem(world.visitor(account), world.invite(account.email, sponsor="alice@contoso.example"))
    ada = world.broker.guests.directory.show(ADA.email).person.id
    with world.broker.core.db.write() as tx:
        people.change(tx, ada, {"name": "=cmd|' /C calc'!A0"})
    for account in (ADA, BO):
        world.broker.access.assignments.assign(ACTOR, "travel", account.email)
    made = as_json(run("reviews", "start", "--application", "travel", "--due", "2027-01-31", "--json"))
    assert (made["application"], made["undecided"], made["state"], made["due_at"]) == (
        "travel",
        2,
        "running",
        "2027-02-01T00:00:00Z",
    )
    assert [mail.subject for mail in world.mails("alice@contoso.example") if "Travel" in mail.subject]
    [row] = as_json(run("reviews", "list", "--json"))
    assert row == made
    shown = as_json(run("reviews", "show", made["id"], "--open", "--json"))
    assert {one["email"] for one in shown["rows"]} == {ADA.email, BO.email}
    assert "alice@contoso.example" in run("reviews", "show", made["id"]).stdout
    rows = list(csv.DictReader(run("reviews", "export", made["id"]).stdout.splitlines()))
    assert {one["name"] for one in rows} == {"'=cmd|' /C calc'!A0", BO.name}
    assert len(as_json(run("reviews", "export", made["id"], "--json"))) == 2
    assert run("reviews", "show", "nothing").stderr == "there is no review 'nothing'\n"
    late = run("reviews", "start", "--due", "2020-01-01")
    assert (late.exit_code, late.stderr) == (1, "the due date must lie in the future, and within a year\n")
    world.clock.now = START + 30 * DAY
    world.broker.operations.housekeeping.run()
    assert as_json(run("reviews", "show", made["id"], "--json"))["state"] == "closed"
    assert world.broker.access.assignments.of_application(ACTOR, "travel") == ()
