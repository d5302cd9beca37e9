"""`broker schema NAME`: every key of a config file, with its default and what it does."""

from __future__ import annotations

import click

from broker.cli.output import print_json

NAMES = (
    "broker",
    "partner",
    "application",
    "policy",
    "federation",
)  # of settings.schema, whose import costs what --help need not pay


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES))
@click.option(
    "--home", type=click.Path(), envvar="BROKER_HOME", expose_value=False, help="Accepted by every command; not used here."
)
def schema(name: str) -> None:
    """Print the JSON Schema of a config file: broker, partner, application, policy or federation."""
    from broker.settings.schema import schema as schema_of

    print_json(schema_of(name))
