"""`broker assign` and `broker unassign`: which guests and groups may use which application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option, page_options
from broker.cli.output import build, print_json, print_table, when
from broker.cli.records import assignment_record
from broker.cli.times import Moment

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
        rows = [
            assignment_record(one)
            for one in broker.access.assignments.of_application(actor, application, after=after, limit=limit)
        ]
        print_json(rows) if as_json else print_table(rows, COLUMNS, f"Nobody is assigned to {application}.")
        return
    begin, end = (time(broker.core.clock()) if time else None for time in (starts, ends))
    made = broker.access.assignments.assign(actor, application, holder, role=role, starts_at=begin, ends_at=end)
    if as_json:
        print_json(assignment_record(made))
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
        print_json([assignment_record(one) for one in gone])
    else:
        click.echo(f"{gone[0].name}: {len(gone)} removed")
