"""Members of staff who act: administrators and owners by the files, as the portal would name them."""

from __future__ import annotations

from broker.demo.identity import Account
from broker.domain.audit import Actor
from tests.journeys.world import CLEO, World


def administrators(world: World, *emails: str) -> None:
    """Who administrates from now on."""
    path = world.home / "config" / "broker.yaml"
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("administrators:")]
    world.write("broker.yaml", "\n".join([*lines, f"administrators: [{', '.join(emails)}]", ""]))


def owners(world: World, client_id: str, *emails: str) -> None:
    """Who owns an application from now on."""
    path = world.home / "config" / "applications" / f"{client_id}.yaml"
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("owners:")]
    world.write(f"applications/{client_id}.yaml", "\n".join([*lines, f"owners: [{', '.join(emails)}]", ""]))


def member(world: World, person: Account = CLEO) -> Actor:
    """A member who has signed in, as the one who acts."""
    who = world.visitor(person)
    world.sign_in(who)
    return Actor.person(world.broker.guests.directory.show(person.email).person.id)
