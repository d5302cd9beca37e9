"""`broker reviews`: who keeps access."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_record, print_table, say, when
from broker.cli.times import Moment

if TYPE_CHECKING:
    from broker.services.reviews.views import ReviewItemView, ReviewRow

_COLUMNS = ["created_at", "application", "state", "due_at", "kept", "ended", "undecided", "id"]
_ITEMS = ["email", "application", "role", "group", "last_used", "reviewer", "decision", "outcome"]


@click.group("reviews")
def reviews() -> None:
    """Reviews of who has access. Name a review by its id."""


@reviews.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="The largest number of rows.")
@home_option
@json_option
def list_(limit: int, home: Path, as_json: bool) -> None:
    """List reviews, the newest first."""
    rows = [shown(one) for one in build(home).reviews.campaigns.listed(command_actor(), limit=limit)]
    print_json(rows) if as_json else print_table(rows, _COLUMNS, "No reviews yet: broker reviews start --due DATE")


@reviews.command("show")
@click.argument("review")
@click.option("--open", "open_only", is_flag=True, help="Only rows that nobody decided yet.")
@click.option("--after", default="", help="Continue after this row's id.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="The largest number of rows.")
@home_option
@json_option
def show(review: str, open_only: bool, after: str, limit: int, home: Path, as_json: bool) -> None:
    """Show one review with its rows."""
    found = build(home).reviews.campaigns.show(command_actor(), review, open_only=open_only, after=after, limit=limit)
    row = shown(found.review) | {"rows": [item(one) for one in found.items], "next": found.following or None}
    if as_json:
        print_json(row)
        return
    print_record(row, leave_out=("rows",))
    click.echo()
    print_table(row["rows"], _ITEMS, "No rows.")


@reviews.command("start")
@click.option("--application", metavar="ID", help="Review this application only; without it, all.")
@click.option("--due", required=True, type=Moment(through=True), help="The last day on which reviewers can decide.")
@click.option(
    "--ask",
    type=click.Choice(["sponsors", "owners"]),
    default="sponsors",
    show_default=True,
    help="Who decides: each guest's sponsor, or the owners of the application or group.",
)
@home_option
@json_option
def start(application: str | None, due: Callable[[int], int], ask: str, home: Path, as_json: bool) -> None:
    """Start a review.

    Each reviewer gets an e-mail. After the last day, access that nobody keeps ends.
    """
    from broker.domain.review import Asked

    broker = build(home)
    found = broker.reviews.campaigns.start(command_actor(), application, due_at=due(broker.core.clock()), asks=Asked(ask))
    print_json(shown(found)) if as_json else say(f"review {found.id} started; it ends at {when(found.due_at)}")


@reviews.command("export")
@click.argument("review")
@home_option
@json_option
def export(review: str, home: Path, as_json: bool) -> None:
    """Print every row of a review as CSV or JSON."""
    from broker.domain.text import cell

    rows = build(home).reviews.campaigns.export(command_actor(), review)
    if as_json:
        print_json([item(one) for one in rows])
        return
    writer, head = csv.writer(sys.stdout, lineterminator="\n"), False
    for row in map(item, rows):
        if not head:
            writer.writerow(row)
            head = True
        writer.writerow([cell(value) for value in row.values()])


def shown(one: ReviewRow) -> dict[str, Any]:
    """A review as JSON."""
    return {
        "id": one.id,
        "application": one.application or None,
        "ask": one.asks.value,
        "state": one.state.value,
        "created_at": when(one.created_at),
        "due_at": when(one.due_at),
        "closed_at": when(one.closed_at),
        "kept": one.kept,
        "ended": one.ended,
        "undecided": one.undecided,
        "by_rule": one.by_rule,
    }


def item(one: ReviewItemView) -> dict[str, Any]:
    """A row as JSON."""
    return {
        "id": one.id,
        "guest_id": one.person_id,
        "email": one.email,
        "name": one.name or None,
        "organization": one.partner or None,
        "sponsor": one.sponsor or None,
        "application": one.application or None,
        "role": one.role or None,
        "group": one.group or None,
        "since": when(one.since),
        "last_used": when(one.last_used),
        "reviewer": one.reviewer or None,
        "decision": one.verdict.value if one.verdict else None,
        "decided_at": when(one.decided_at),
        "decided_by": one.decided_by or None,
        "outcome": one.outcome.value if one.outcome else None,
    }
