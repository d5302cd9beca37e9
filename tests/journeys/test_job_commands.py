"""`broker jobs`: listed, shown, stopped, and continued where no node serves."""

from __future__ import annotations

import pytest

from broker.domain.guest import GuestState
from broker.domain.job import JobKind
from broker.services.guests.staff_view import GuestSearch
from broker.services.jobs import batches
from broker.services.jobs.selections import ActTerms
from tests.journeys.test_commands import Run, as_json, run
from tests.journeys.world import ACTOR, ADA, BO, World

__all__ = ["run"]  # the fixture


def test_commands(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that stopped in its middle is continued by the command, and settles each guest once."""
    monkeypatch.setattr(batches, "TOGETHER", 1)
    for account in (ADA, BO):
        world.invite(account.email)
    service = world.broker.jobs.selections
    job = service.choose(ACTOR, JobKind.BLOCK, GuestSearch())
    draft = run("jobs", "resume", job)
    assert (draft.exit_code, draft.stderr) == (1, f"job {job} is a draft: its owner has not confirmed it\n")
    service.begin(ACTOR, job, JobKind.BLOCK, ActTerms(reason="Project over"))
    world.broker.jobs.batches.batch(job)
    assert as_json(run("jobs", "stop", job, "--json"))["state"] == "stopped"
    assert run("jobs", "stop", job).stderr == "this job is stopped\n"
    [row] = as_json(run("jobs", "list", "--json"))
    assert (row["kind"], row["guests"], row["done"], row["reason"]) == ("block", 2, 1, "Project over")
    states = {one.email: world.broker.guests.directory.show(one.email).person.state for one in (ADA, BO)}
    [later] = [email for email, state in states.items() if state is not GuestState.BLOCKED]
    world.broker.guests.lifecycle.block(ACTOR, later)  # by hand meanwhile, so the job finds them blocked
    assert run("jobs", "resume", job).stdout == f"job {job} is done: 1 done, 1 failed of 2\n"
    shown = as_json(run("jobs", "show", job, "--failed", "--json"))
    assert [(one["email"], one["result"], one["problem"]) for one in shown["rows"]] == [(later, "failed", "guest_blocked")]
    assert ADA.email in run("jobs", "show", job).stdout
    assert run("jobs", "show", "nothing").stderr == "there is no job 'nothing'\n"
