"""`broker maintain`: what a serving node does every half minute, done once now."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from broker.cli.output import build, home_option, json_option, print_json


@click.command("maintain")
@home_option
@json_option
def maintain(home: Path, as_json: bool) -> None:
    """Explain abandoned sign-ins, remove what is over, renew partners' documents. Safe at any time, on any node."""
    done = build(home).housekeeping.run()
    if as_json:
        print_json({"failed": 0} | done)
    else:
        for name, count in done.items():
            if count:
                click.echo(f"{name}: {count}")
        click.echo("done" if "failed" not in done else "done in part; the log says what failed")
    sys.exit(1 if done.get("failed") else 0)
