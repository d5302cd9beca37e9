"""`broker maintain`: what a serving node does every half minute, done once now."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json

_LISTS = {"ending": "--expiring-before 14d", "inactive": "--inactive-since 90d", "without_sponsor": "--no-sponsor"}


@click.command("maintain")
@home_option
@json_option
def maintain(home: Path, as_json: bool) -> None:
    """Delete expired data, refresh cached documents, send waiting e-mails. Safe at any time, on any node."""
    broker = build(home)
    done = broker.operations.housekeeping.run()
    report = asdict(broker.guests.directory.report())
    if as_json:
        print_json({"failed": 0, **done, "guests": report})
    else:
        for name, count in done.items():
            if count:
                click.echo(f"{name.replace('_', ' ')}: {count}")
        for what, option in _LISTS.items():
            if report[what]:
                click.echo(f"guests {what.replace('_', ' ')}: {report[what]} (broker guests list {option})")
        click.echo("done" if "failed" not in done else "partly done; the log says what failed")
    sys.exit(1 if done.get("failed") else 0)
