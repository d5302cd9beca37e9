"""`broker partners`: what the files name, with what the database knows of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_record, print_table
from broker.cli.partners_refresh import refresh

_ENTITY = ["id", "name", "entity_id", "scopes", "authority", "listed", "state"]
_COLUMNS = ["id", "name", "protocol", "domains", "members", "status", "last_sign_in"]


@click.group("partners")
def partners() -> None:
    """The partners of config/partners/."""


@partners.command("list")
@click.option("--federation", metavar="FEDERATION", help="The identity providers of a federation instead.")
@home_option
@json_option
def list_(federation: str | None, home: Path, as_json: bool) -> None:
    """List all configured partners."""
    broker = build(home)
    if federation is not None:
        entities = [asdict(one) for one in broker.partners.federation_catalog.entities(federation)]
        print_json(entities) if as_json else print_table(
            entities, _ENTITY, "No identity providers: broker partners refresh FEDERATION"
        )
        return
    rows = [asdict(one) for one in broker.operations.catalog.partners()]
    print_json(rows) if as_json else print_table(rows, _COLUMNS, "No partners: write config/partners/PARTNER.yaml")
    for one in () if as_json else broker.partners.federation_catalog.federations():
        click.echo(
            f"federation {one.id}: {one.listed} listed of {one.providers}, {one.status} (broker partners list --federation {one.id})"
        )


@partners.command("show")
@click.argument("partner")
@home_option
@json_option
def show(partner: str, home: Path, as_json: bool) -> None:
    """Show one partner, without its secrets, or one federation."""
    broker = build(home)
    is_federation = partner in broker.core.settings().federations and partner not in broker.core.settings().partners
    row = asdict((broker.partners.federation_catalog.federation if is_federation else broker.operations.catalog.partner)(partner))
    print_json(row) if as_json else print_record(row)


partners.add_command(refresh)
