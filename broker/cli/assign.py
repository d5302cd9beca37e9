"""`broker assign` and `broker unassign`: which guests and groups may use which application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.groups import page_options
from broker.cli.moment import Moment
from broker.cli.output import build, home_option, json_option, print_json, print_table, when

if TYPE_CHECKING:
    from broker.services.access.views import AssignmentView

COLUMNS = ["principal", "name", "role", "starts_at", "ends_at", "status", "id"]


@click.command("assign")
@click.argument("application")
@click.argument("holder", metavar="[GUEST-OR-GROUP]", required=False)
@click.option("--role", default="", help="One of the roles of the application's file.  [default: access without a role]")
@click.option("--from", "starts", type=Moment(), help="2027-01-31, 2027-01-31T08:00:00Z, or 30d from now.  [default: now]")
@click.option(
    "--until", "ends", type=Moment(through=True), help="The last day, an exact time, or 90d from now.  [default: no end]"
)
@click.option("--list", "listing", is_flag=True, help="List who is assigned to the application; change nothing.")
@page_options("assignment's id")
@home_option
@json_option
def assign(
    application: str,
    holder: str | None,
    role: str,
    starts: Callable[[int], int] | None,
    ends: Callable[[int], int] | None,
    listing: bool,
    after: str,
    limit: int,
    home: Path,
    as_json: bool,
) -> None:
    """Let a guest or a group use APPLICATION. Days are whole days of UTC. Assigning again sets new times."""
    if listing == (holder is not None):
        raise click.UsageError("name a guest or a group, or use --list")
    broker, actor = build(home), command_actor()
    if holder is None:
        rows = [assigned(one) for one in broker.access.assignments.of_application(actor, application, after=after, limit=limit)]
        print_json(rows) if as_json else print_table(rows, COLUMNS, f"Nobody is assigned to {application}.")
        return
    times = {
        "starts_at": starts(broker.core.clock()) if starts else None,
        "ends_at": ends(broker.core.clock()) if ends else None,
    }
    made = broker.access.assignments.assign(actor, application, holder, role=role, **times)
    if as_json:
        print_json(assigned(made))
        return
    until = f" until {when(made.ends_at)}" if made.ends_at is not None else ""
    click.echo(f"{made.name} may use {application}{f' as {role}' if role else ''} from {when(made.starts_at)}{until}")
    if not broker.core.settings().applications[application].assignment_required and not role:
        click.echo(f"note: {application} is open to every guest: its file does not have assignment_required: true", err=True)


@click.command("unassign")
@click.argument("application")
@click.argument("holder", metavar="GUEST-OR-GROUP")
@click.option("--role", help="Only this role.  [default: all]")
@home_option
@json_option
def unassign(application: str, holder: str, role: str | None, home: Path, as_json: bool) -> None:
    """Remove the assignments of a guest or group to APPLICATION; takes effect at the next request."""
    broker = build(home)
    gone = broker.access.assignments.unassign(command_actor(), application, holder, role=role)
    if as_json:
        print_json([assigned(one) for one in gone])
    else:
        click.echo(f"{gone[0].name}: {len(gone)} removed")


def assigned(one: AssignmentView) -> dict[str, Any]:
    """An assignment as JSON."""
    return {
        "id": one.id,
        "application": one.application,
        "principal": one.principal.value,
        "principal_id": one.principal_id,
        "name": one.name,
        "role": one.role or None,
        "starts_at": when(one.starts_at),
        "ends_at": when(one.ends_at),
        "status": one.status,
    }
