"""`broker applications`: what the files name, with what the database knows of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_record, print_table

_COLUMNS = ["client_id", "name", "client_type", "assignment_required", "policies", "last_sign_in"]


@click.group("applications")
def applications() -> None:
    """The applications of config/applications/."""


@applications.command("list")
@home_option
@json_option
def list_(home: Path, as_json: bool) -> None:
    """List all configured applications."""
    rows = [asdict(one) for one in build(home).operations.catalog.applications()]
    print_json(rows) if as_json else print_table(rows, _COLUMNS, "No applications: write config/applications/CLIENT_ID.yaml")


@applications.command("show")
@click.argument("application", metavar="CLIENT_ID")
@home_option
@json_option
def show(application: str, home: Path, as_json: bool) -> None:
    """Show one application, without its secrets."""
    row = asdict(build(home).operations.catalog.application(application))
    print_json(row) if as_json else print_record(row)
