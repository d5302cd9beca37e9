"""`broker db`: the database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import print_json

if TYPE_CHECKING:
    from broker.storage.engine import Database


@click.group("db")
def db() -> None:
    """The database."""


def _database(home: Path) -> Database:
    import os

    from broker.settings.load import load
    from broker.storage.engine import Database

    return Database(load(home.resolve(), os.environ).broker.database, base=home.resolve())


@db.command("upgrade")
@home_option
def upgrade(home: Path) -> None:
    """Migrate the database to this version. Safe to run at any time and on any node."""
    from broker.storage import migrate

    with closing(_database(home)) as database:
        done = migrate.upgrade(database)
    click.echo(f"{'upgraded to' if done else 'already at'} {migrate.head()}")


@db.command("restored")
@home_option
@json_option
def restored(home: Path, as_json: bool) -> None:
    """Run after restoring a backup.

    Invalidates sessions, codes, tokens and open invitations. Do this before the nodes start. People, their identities, consents and the keys stay.
    """
    from broker.composition.core import system_clock
    from broker.services.history.audit_heads import Heads
    from broker.services.operations.after_restore import Restored
    from broker.storage import migrate

    with closing(_database(home)) as database:
        migrate.upgrade(database)
        ended = Restored(database, system_clock).run(command_actor())
    Heads(home.resolve()).forget()  # the audit ends where the backup does, on purpose (FA-09)
    if as_json:
        print_json(ended)
        return
    for name, count in ended.items():
        click.echo(f"{name.replace('_', ' ')}: {count}")
    click.echo("guests sign in again; invite guests with an open invitation again: they stay the same guests")
