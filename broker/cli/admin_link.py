"""`broker admin-link`: the way in for the first administrator."""

from __future__ import annotations

from pathlib import Path

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, say


@click.command("admin-link")
@click.argument("email")
@home_option
@json_option
def admin_link(email: str, home: Path, as_json: bool) -> None:
    """Print a one-time link for the administrator EMAIL, good for one hour.

    EMAIL must be under `administrators:` in config/broker.yaml. The link signs this person in and asks for their passkey; the first
    time they add one. Give it to nobody else: the first person who opens it becomes this administrator.
    """
    from broker.domain.times import iso

    made = build(home).login.administrator_links.create(command_actor(), email)
    if as_json:
        print_json({"email": made.email, "url": made.url, "expires_at": iso(made.expires_at)})
        return
    say(f"One-time link for {made.email}, until {iso(made.expires_at)}:")
    click.echo(made.url)
