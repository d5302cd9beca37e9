"""`broker groups`: who belongs together, by hand or by a rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option, page_options
from broker.cli.output import build, print_json, print_record, print_table, say, when
from broker.cli.records import assignment_record

if TYPE_CHECKING:
    from broker.app import Broker
    from broker.services.access.views import GroupRow


@click.group("groups")
def groups() -> None:
    """Groups of guests: static, or dynamic by a rule that each sign-in evaluates. Name a group by its name or id."""


@groups.command("list")
@page_options("name")
@home_option
@json_option
def list_(after: str, limit: int, home: Path, as_json: bool) -> None:
    """List groups in the order of their names."""
    found = build(home).access.groups.listed(command_actor(), after=after, limit=limit)
    rows = [shown(group) | {"members": group.member_count} for group in found]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["name", "members", "rule", "id"], "No groups yet: broker groups create NAME")


@groups.command("show")
@click.argument("group")
@page_options("member's id")
@home_option
@json_option
def show(group: str, after: str, limit: int, home: Path, as_json: bool) -> None:
    """Show one group.

    Its rule, owners, what it is assigned to, and its members in the order of their ids.
    """
    broker = build(home)
    found = broker.access.groups.show(command_actor(), group, after=after, limit=limit)
    row = shown(found.group) | {
        "members": found.group.member_count,
        "assignments": [assignment_record(one) for one in found.assignments],
        "people": [{"id": m.id, "email": m.email, "name": m.name, "since": when(m.since)} for m in found.members],
    }
    if as_json:
        print_json(row)
        return
    print_record(row, leave_out=("assignments", "people"))
    click.echo()
    print_table(row["assignments"], ["application", "role", "starts_at", "ends_at", "status"], "Assigned to no application.")
    click.echo()
    print_table(row["people"], ["email", "name", "since", "id"], "Nobody is in it.")


@groups.command("create")
@click.argument("name")
@click.option(
    "--owner",
    "owners",
    multiple=True,
    metavar="EMAIL",
    help="A member of staff who may add and remove people; can be given several times.",
)
@click.option("--partner", metavar="PARTNER", help="Everybody who signs in at this partner is a member.")
@click.option("--rule", help='Who is a member, for example: partner = fabrikam and groups contains "finance"')
@home_option
@json_option
def create(name: str, owners: tuple[str, ...], partner: str | None, rule: str | None, home: Path, as_json: bool) -> None:
    """Create a group.

    With --partner or --rule it is dynamic: nobody is added by hand, each sign-in decides.
    """
    broker = build(home)
    _print(broker, broker.access.groups.create(command_actor(), name, owners=owners, partner=partner, rule=rule), as_json)


@groups.command("change")
@click.argument("group")
@click.option("--name", "rename", help="The new name; refused while a policy uses only the old one.")
@click.option("--force", is_flag=True, help="Rename although a policy uses the old name.")
@click.option("--rule", help="The new rule. The group is empty until people sign in again.")
@click.option("--owner", "add_owners", multiple=True, metavar="EMAIL", help="Add an owner.")
@click.option("--remove-owner", "remove_owners", multiple=True, metavar="EMAIL", help="Remove an owner.")
@home_option
@json_option
def change(
    group: str,
    rename: str | None,
    force: bool,
    rule: str | None,
    add_owners: tuple[str, ...],
    remove_owners: tuple[str, ...],
    home: Path,
    as_json: bool,
) -> None:
    """Change the name, rule or owners of a group."""
    broker = build(home)
    changed = broker.access.groups.change(
        command_actor(), group, rename=rename, rule=rule, add_owners=add_owners, remove_owners=remove_owners, force=force
    )
    _print(broker, changed, as_json)


@groups.command("add")
@click.argument("group")
@click.argument("guests", nargs=-1, required=True)
@home_option
@json_option
def add(group: str, guests: tuple[str, ...], home: Path, as_json: bool) -> None:
    """Add GUESTS to GROUP."""
    broker = build(home)
    count = broker.access.groups.add_members(command_actor(), group, guests)
    _print_count(broker, group, "added", count, as_json)


@groups.command("remove")
@click.argument("group")
@click.argument("guests", nargs=-1, required=True)
@home_option
@json_option
def remove(group: str, guests: tuple[str, ...], home: Path, as_json: bool) -> None:
    """Remove GUESTS from GROUP.

    What it gave them ends immediately.
    """
    broker = build(home)
    count = broker.access.groups.remove_members(command_actor(), group, guests)
    _print_count(broker, group, "removed", count, as_json)


@groups.command("delete")
@click.argument("group")
@click.option("--force", is_flag=True, help="Delete it although a policy names it or it is assigned; prints the consequences.")
@home_option
@json_option
def delete(group: str, force: bool, home: Path, as_json: bool) -> None:
    """Delete GROUP.

    Its memberships and assignments end immediately. Refused while something depends on it.
    """
    gone = build(home).access.groups.remove(command_actor(), group, force=force)
    if as_json:
        print_json(shown(gone.group) | {"consequences": list(gone.consequences)})
        return
    say(f"deleted {gone.group.name}")
    for line in gone.consequences:
        say(f"  {line}")


def shown(group: GroupRow) -> dict[str, Any]:
    """A group as JSON."""
    return {
        "id": group.id,
        "name": group.name,
        "dynamic": group.is_dynamic,
        "rule": group.rule,
        "partner": group.partner or None,
        "owners": list(group.owners),
        "created_at": when(group.created_at),
    }


def _print(broker: Broker, group: GroupRow, as_json: bool) -> None:
    for name in broker.access.groups.unmapped(group):
        click.echo(f"note: no partner's file maps a claim {name!r}; until one does, the rule matches nobody", err=True)
    if as_json:
        print_json(shown(group))
    else:
        click.echo(f"{group.name} ({group.id})" + (f": {group.rule}" if group.rule else ""))


def _print_count(broker: Broker, name: str, done: str, count: int, as_json: bool) -> None:
    found = broker.access.groups.show(command_actor(), name, limit=1)
    if as_json:
        print_json(shown(found.group) | {done: count, "members": found.group.member_count})
    else:
        click.echo(f"{count} {done}; {found.group.name} has {found.group.member_count}")
