"""`broker db`: the database."""

from __future__ import annotations

from pathlib import Path

import click

from broker.cli.output import home_option


@click.group("db")
def db() -> None:
    """The database."""


@db.command("upgrade")
@home_option
def upgrade(home: Path) -> None:
    """Bring the database to this version's tables; safe to run at any time and on any node."""
    import os

    from broker.settings.load import load
    from broker.storage import migrate
    from broker.storage.engine import Database

    database = Database(load(home.resolve(), os.environ).broker.database, base=home.resolve())
    done = migrate.upgrade(database)
    click.echo(f"{'upgraded to' if done else 'already at'} {migrate.head()}")
