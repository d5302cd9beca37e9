"""`broker partners refresh PARTNER`: what the partner publishes now, taken up at once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, plain, print_json
from broker.domain.errors import Conflict

if TYPE_CHECKING:
    from broker.app import Broker


@click.command("refresh")
@click.argument("partner")
@home_option
@json_option
def refresh(partner: str, home: Path, as_json: bool) -> None:
    """Fetch what PARTNER publishes, and use it from now on.

    Its metadata, or its discovery document and keys. The name of a federation: its aggregate.
    """
    broker = build(home)
    settings = broker.core.settings()
    if partner in settings.federations and partner not in settings.partners:
        _refresh_federation(broker, partner, as_json=as_json)
        return
    found = broker.partners.refresh.refresh(command_actor(), partner)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    for one in found:
        count = "" if one.keys is None else f": {one.keys} {'key' if one.keys == 1 else 'keys'}"
        click.echo(plain(f"{one.document} of {one.address}{count}"))
        for word, marks in (("new", one.added), ("gone", one.removed), ("not used", one.notes)):
            for mark in marks:
                click.echo(plain(f"  {word}: {mark}"))


def _refresh_federation(broker: Broker, name: str, *, as_json: bool) -> None:
    state = broker.partners.federation_index.refresh(command_actor(), name)
    if state is None:
        raise Conflict(f"another process indexes {name} now; look at it with: broker partners show {name}")
    if as_json:
        print_json(asdict(state))
    else:
        counts = f"{state.providers} identity providers, {state.listed} listed, {state.changed} changed, {state.removed} removed"
        click.echo(plain(f"{name}: {counts}"))
