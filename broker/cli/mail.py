"""`broker mail`: whether mail leaves."""

from __future__ import annotations

from pathlib import Path

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, refuse, say


@click.group("mail")
def mail() -> None:
    """Mail delivery."""


@mail.command("test")
@click.argument("address")
@home_option
@json_option
def test(address: str, home: Path, as_json: bool) -> None:
    """Send a test e-mail to ADDRESS now. Prints the mail server's response."""
    from broker.services.addresses import parse

    broker = build(home)
    recipient = parse(address)
    problem = broker.messages.outbox.test(recipient)
    server = broker.core.settings().broker.mail.server.rpartition("@")[2]
    if as_json:
        print_json(
            {"recipient": recipient, "server": server, "status": "failed" if problem else "sent", "problem": problem or None}
        )
        if not problem:
            return
    if problem:
        refuse(f"the mail to {recipient} was not taken by {server}: {problem}")
    say(f"Test mail sent to {recipient} by {server}.")
