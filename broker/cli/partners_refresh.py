"""`broker partners refresh PARTNER`: what the partner publishes now, taken up at once."""

from __future__ import annotations

from pathlib import Path

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, plain, print_json


@click.command("refresh")
@click.argument("partner")
@home_option
@json_option
def refresh(partner: str, home: Path, as_json: bool) -> None:
    """Fetch what PARTNER publishes, and use it from now on.

    Its metadata, or its discovery document and keys.
    """
    found = build(home).partners.refresh.refresh(command_actor(), partner)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    for one in found:
        count = "" if one.keys is None else f": {one.keys} {'key' if one.keys == 1 else 'keys'}"
        click.echo(plain(f"{one.document} of {one.address}{count}"))
        for word, marks in (("new", one.added), ("gone", one.removed), ("not used", one.notes)):
            for mark in marks:
                click.echo(plain(f"  {word}: {mark}"))
