"""`broker jobs`: work on many guests that the portal began, or that stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_record, print_table, refuse, say, when
from broker.cli.progress import counting

if TYPE_CHECKING:
    from broker.services.jobs.views import JobRowView, JobView

_COLUMNS = ["created_at", "kind", "state", "owner", "guests", "done", "failed", "id"]
_ROWS = ["line", "email", "result", "problem", "guest_id"]


@click.group("jobs")
def jobs() -> None:
    """Work on many guests at once. Name a job by its id."""


@jobs.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="The largest number of rows.")
@home_option
@json_option
def list_(limit: int, home: Path, as_json: bool) -> None:
    """List jobs of everybody, the newest first."""
    rows = [shown(one) for one in build(home).jobs.jobs.listed(command_actor(), limit=limit)]
    print_json(rows) if as_json else print_table(rows, _COLUMNS, "No jobs yet.")


@jobs.command("show")
@click.argument("job")
@click.option("--failed", is_flag=True, help="Only rows that failed.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="The largest number of rows.")
@home_option
@json_option
def show(job: str, failed: bool, limit: int, home: Path, as_json: bool) -> None:
    """Show a job with its rows and their results."""
    from broker.domain.job import RowResult

    page = build(home).jobs.jobs.show(command_actor(), job, result=RowResult.FAILED if failed else None, limit=limit)
    row = shown(page.job) | {"rows": [item(one) for one in page.rows]}
    if as_json:
        print_json(row)
        return
    print_record(row, leave_out=("rows",))
    click.echo()
    print_table(row["rows"], _ROWS, "No rows.")


@jobs.command("stop")
@click.argument("job")
@home_option
@json_option
def stop(job: str, home: Path, as_json: bool) -> None:
    """Stop a job that runs. What is done stays done."""
    found = build(home).jobs.jobs.stop(command_actor(), job)
    print_json(shown(found)) if as_json else say(f"job {found.id} stopped: {found.settled} of {found.total} settled")


@jobs.command("resume")
@click.argument("job")
@home_option
@json_option
def resume(job: str, home: Path, as_json: bool) -> None:
    """Continue a job here until it ends.

    It works without `broker serve`. While another node works at the job, that node continues it.
    """
    broker, actor = build(home), command_actor()
    if broker.jobs.jobs.show(actor, job, limit=1).job.state.value == "stopped":
        broker.jobs.jobs.resume(actor, job)
    with counting("guests settled") as tell:
        while broker.jobs.batches.batch(job):
            if tell is not None:
                tell(broker.jobs.jobs.show(actor, job, limit=1).job.settled)
    found = broker.jobs.jobs.show(actor, job, limit=1).job
    if found.state.value == "draft":
        refuse(f"job {found.id} is a draft: its owner has not confirmed it")
    if as_json:
        print_json(shown(found))
        return
    also = "; another node continues it" if found.state.value == "running" else ""
    say(f"job {found.id} is {found.state.value}: {found.done} done, {found.failed} failed of {found.total}{also}")


def shown(one: JobView) -> dict[str, Any]:
    """A job as JSON."""
    return {
        "id": one.id,
        "kind": one.kind.value,
        "state": one.state.value,
        "owner": one.owner or None,
        "created_at": when(one.created_at),
        "begun_at": when(one.begun_at),
        "ended_at": when(one.ended_at),
        "guests": one.total,
        "done": one.done,
        "failed": one.failed,
        "reason": one.reason or None,
        "problem": one.problem or None,
    }


def item(one: JobRowView) -> dict[str, Any]:
    """A row as JSON."""
    return {
        "line": one.line,
        "guest_id": one.guest_id or None,
        "email": one.email or None,
        "result": one.result.value if one.result else None,
        "problem": one.problem or None,
    }
