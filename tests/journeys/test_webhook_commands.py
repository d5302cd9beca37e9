"""`broker webhooks`: what operators see, a test notice, a replay; and doctor's advice works as it stands."""

from __future__ import annotations

from tests.journeys.test_commands import Run, as_json, run
from tests.journeys.world import ACTOR, ADA, World
from tests.services.hearing import hearing, look, receiver

__all__ = ["run"]  # a fixture


def test_the_commands(world: World, run: Run) -> None:
    """list, test, replay, as a table and as JSON; a webhook that refuses is one clear line and exit 1."""
    assert run("webhooks", "list").stdout == "No webhooks in config/broker.yaml.\n"
    assert "there is no webhook 'crm' in config/broker.yaml; webhooks: none" in run("webhooks", "test", "crm").stderr
    with receiver() as crm:
        hearing(world, crm.url, "guest.invited")
        world.invite()
        assert look(world) == 1
        (row,) = as_json(run("webhooks", "list", "--json"))
        assert row == {
            "id": "crm", "url": crm.url, "events": ["guest.invited"], "waiting": 0, "waiting_since": None, "delivered": 1,
            "given_up": 0, "problem": None,
        }  # fmt: skip
        assert "guest.invited" in run("webhooks", "list").stdout
        assert run("webhooks", "test", "crm").stdout == "webhook crm accepted the notice\n"
        assert as_json(run("webhooks", "replay", "crm", "--since", "1d", "--json")) == {"webhook": "crm", "queued": 1}
        crm.status = 500
        refused = run("webhooks", "test", "crm")
        assert (refused.exit_code, refused.stderr) == (1, "webhook crm did not accept the notice: it answered 500\n")
        failed = run("webhooks", "test", "crm", "--json")
        assert failed.exit_code == 1
        assert '"status": "failed"' in failed.stdout


def test_advice_of_the_doctor(world: World, run: Run) -> None:
    """The commands that doctor names for a receiver that was away can be run as they are printed."""
    with receiver() as crm:
        hearing(world, crm.url, "guest.blocked")
        world.redeem(world.visitor(ADA))
        crm.status = 500
        world.broker.guests.lifecycle.block(ACTOR, ADA.email)
        look(world)
        crm.status = 200
        (line,) = [one for one in world.broker.doctor.examine("fabrikam", offline=True).findings if one.check == "webhooks"]
        commands = line.change.split(": ", 1)[1].split("; ")
        assert [run(*one.removeprefix("broker ").split()).exit_code for one in commands] == [0, 0]
