"""FC-03: a group on which something depends is not deleted in silence, and one that does not exist is warned of."""

from __future__ import annotations

import json

import pytest

from broker.domain.errors import Conflict
from tests.journeys.test_commands import Run, as_json, run
from tests.journeys.world import ACTOR, ADA, World

__all__ = ["run"]  # the fixture

POLICY = "name: {name}\nstate: {state}\nusers: {{include: {include}, exclude: {exclude}}}\ngrant: {{require: [mfa]}}\n"


def policy(world: World, id_: str, include: str, exclude: str = "{}", state: str = "enabled") -> None:
    """A policy about somebody."""
    world.write(f"policies/{id_}.yaml", POLICY.format(name=id_, state=state, include=include, exclude=exclude))


def test_fc_03_a_group_in_use_is_kept(both: World) -> None:
    """Refused with the names of what depends on it; with force it goes, and the answer says what follows."""
    groups = both.broker.access.groups
    groups.create(ACTOR, "Auditors")
    both.redeem(both.visitor(ADA))
    groups.add_members(ACTOR, "Auditors", [ADA.email])
    policy(both, "nda", "{groups: [auditors]}")
    policy(both, "mfa", "{guests: all}", "{groups: [Auditors]}")
    policy(both, "old", "{groups: [auditors]}", state="disabled")
    both.broker.access.assignments.assign(ACTOR, "travel", "Auditors")
    with pytest.raises(Conflict) as refused:
        groups.remove(ACTOR, "Auditors")
    assert "policy mfa (users.exclude), policy nda (users.include), the assignment to travel" in str(refused.value)
    assert "old" not in str(refused.value)
    gone = groups.remove(ACTOR, "Auditors", force=True)
    assert gone.consequences == (
        "policy mfa names group 'Auditors', which doesn't exist, so it exempts nobody",
        "policy nda names group 'auditors', which doesn't exist, so it protects nobody",
        "1 person lose travel, unless another assignment lets them in",
    )


def test_fc_03_an_unused_group_goes_without_force(world: World) -> None:
    """Nothing depends on it: nothing is asked."""
    world.broker.access.groups.create(ACTOR, "Auditors")
    assert not world.broker.access.groups.remove(ACTOR, "Auditors").consequences


def test_fc_03_a_new_name_leaves_no_policy_behind(world: World) -> None:
    """The same kind: renamed, a policy would name a group that no longer exists, unless it names both."""
    world.broker.access.groups.create(ACTOR, "Auditors")
    policy(world, "nda", "{groups: [auditors]}")
    with pytest.raises(Conflict, match="named by policy nda"):
        world.broker.access.groups.change(ACTOR, "Auditors", rename="Revisors")
    world.broker.access.groups.change(ACTOR, "Auditors", rename="AUDITORS")
    policy(world, "nda", "{groups: [auditors, revisors]}")
    assert world.broker.access.groups.change(ACTOR, "Auditors", rename="Revisors").name == "Revisors"


def test_fc_03_commands(world: World, run: Run) -> None:
    """`groups delete` without and with --force; `check` and `doctor` warn of a group that does not exist."""
    run("groups", "create", "Auditors")
    policy(world, "nda", "{groups: [Auditors]}")
    assert run("check").stderr == ""
    refused = run("groups", "delete", "auditors")
    assert (refused.exit_code, "policy nda (users.include)" in refused.stderr) == (1, True)
    forced = run("groups", "delete", "auditors", "--force")
    warning = "names group 'Auditors', which doesn't exist, so it protects nobody"
    assert forced.stdout == f"deleted Auditors\n  policy nda {warning}\n"
    checked = run("check")
    assert checked.exit_code == 0
    assert checked.stderr == f"config/policies/nda.yaml:3: users.include.groups.0: {warning}\n"
    assert json.loads(run("check", "--json").stdout)["notes"][0]["message"] == warning
    assert warning in run("doctor", "fabrikam", "--offline").stdout
    assert world.broker.policies.missing_groups() == [f"policy nda {warning}"]
    made = as_json(run("groups", "create", "auditors", "--json"))
    assert run("check").stderr == ""
    assert as_json(run("groups", "delete", made["id"], "--force", "--json"))["consequences"]
