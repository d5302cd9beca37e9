"""`broker partners`: what the files name, with what the database knows of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_record, print_table
from broker.cli.partners_refresh import refresh

_COLUMNS = ["id", "name", "protocol", "domains", "members", "status", "last_sign_in"]


@click.group("partners")
def partners() -> None:
    """The partners of config/partners/."""


@partners.command("list")
@home_option
@json_option
def list_(home: Path, as_json: bool) -> None:
    """List all configured partners."""
    rows = [asdict(one) for one in build(home).operations.catalog.partners()]
    print_json(rows) if as_json else print_table(rows, _COLUMNS, "No partners: write config/partners/PARTNER.yaml")


@partners.command("show")
@click.argument("partner")
@home_option
@json_option
def show(partner: str, home: Path, as_json: bool) -> None:
    """Show one partner, without its secrets."""
    row = asdict(build(home).operations.catalog.partner(partner))
    print_json(row) if as_json else print_record(row)


partners.add_command(refresh)
