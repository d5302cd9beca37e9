"""`broker db`: the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import print_json, print_table, refuse
from broker.cli.progress import counting

if TYPE_CHECKING:
    from broker.keyring.seal import Sealer
    from broker.services.operations.after_restore import AfterRestore, Restored
    from broker.services.operations.database_copies import CopiedDatabase
    from broker.settings.load import Settings
    from broker.storage.engine import Database

_file = click.Path(path_type=Path, dir_okay=False)
_audit_option = click.option(
    "--audit",
    "export",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="An export of the audit (broker audit export) that is newer than the backup: guests blocked since stay blocked, removed sign-in methods stay removed.",
)
_replace_option = click.option("--replace", is_flag=True, help="Drop the data that the target has.")


@click.group("db")
def db() -> None:
    """The database."""


def _settings(home: Path) -> Settings:
    import os

    from broker.settings.load import load

    return load(home.resolve(), os.environ)


def _database(home: Path) -> Database:
    from broker.storage.engine import Database

    return Database(_settings(home).broker.database, base=home.resolve())


@db.command("upgrade")
@home_option
def upgrade(home: Path) -> None:
    """Migrate the database to this version. Safe to run at any time and on any node."""
    from broker.storage import migrate

    with closing(_database(home)) as database:
        done = migrate.upgrade(database)
        reached = migrate.current(database)
    click.echo(f"{'upgraded to' if done else 'already at'} {reached}")


@db.command("backup")
@click.argument("file", type=_file)
@home_option
@json_option
def backup(file: Path, home: Path, as_json: bool) -> None:
    """Write a backup to a new FILE while the broker serves.

    It holds one state of the database, as a SQLite file for its owner alone, and no root key: store keys/ apart from it.
    """
    from broker.composition.core import system_clock
    from broker.services.operations.database_copies import back_up

    with closing(_database(home)) as database, _watched() as watch:
        done = back_up(database, file, system_clock, watch)
    _print_copy(done, as_json, f"{file}: {done.rows} rows of {len(done.tables)} tables, schema {done.revision}")


@db.command("restore")
@click.argument("file", type=_file)
@_replace_option
@_audit_option
@home_option
@json_option
def restore(file: Path, replace: bool, export: Path | None, home: Path, as_json: bool) -> None:
    """Restore the backup in FILE. Stop every node first.

    The database of this home gets its rows, and what could be replayed ends, as by `broker db restored`. A database with data is
    refused unless --replace is given. If it was interrupted, run the same command again.
    """
    from broker.services.operations import database_copies

    proven = (export, _sealer(home)) if export is not None else None
    with closing(_database(home)) as database, _watched() as watch:
        done, ended = database_copies.restore(
            database, file, _restored(database, home), command_actor(), watch, export=proven, replace=replace
        )
    _forget_ends(home)
    if as_json:
        print_json({**done.to_json(), "ended": ended.to_json()})
        return
    click.echo(f"{done.rows} rows of {len(done.tables)} tables are restored")
    _print_ended(ended)


@db.command("restored")
@_audit_option
@home_option
@json_option
def restored(export: Path | None, home: Path, as_json: bool) -> None:
    """Run after the database was restored by other tools.

    Invalidates sessions, codes, tokens and open invitations. Do this before the nodes start. People, their identities, consents and the keys stay.
    """
    from broker.services.operations.later_events import read_export
    from broker.storage import migrate
    from broker.storage.history.audit_chain import last_number

    with closing(_database(home)) as database:
        migrate.upgrade(database)
        with database.read() as tx:
            after = last_number(tx)
        later = read_export(export, _sealer(home), after) if export is not None else None
        ended = _restored(database, home).run(command_actor(), later)
    _forget_ends(home)
    if as_json:
        print_json(ended.to_json())
        return
    _print_ended(ended)


@db.command("copy")
@click.argument("target", envvar="BROKER_COPY_TO")
@_replace_option
@home_option
@json_option
def copy(target: str, replace: bool, home: Path, as_json: bool) -> None:
    """Copy the database to TARGET. Stop every node first.

    TARGET is an address as in config/broker.yaml. From SQLite to PostgreSQL, back, or between two of a kind. Numbers and sums of all rows are compared. If it was interrupted, run the
    same command again: it continues. BROKER_COPY_TO may hold the address, so that its password is in no list of processes.
    """
    from broker.composition.core import system_clock
    from broker.services.operations import database_copies
    from broker.storage.engine import Database

    with closing(_database(home)) as database, closing(Database(target, base=home.resolve())) as other, _watched() as watch:
        done = database_copies.copy(database, other, command_actor(), system_clock, watch, replace=replace)
    _print_copy(
        done, as_json, f"{done.rows} rows of {len(done.tables)} tables are copied; now change database: in config/broker.yaml"
    )


@db.command("preflight")
@click.option(
    "--copy", "url", metavar="ADDRESS", help="An empty database for the copy; PostgreSQL needs one. Its tables are dropped."
)
@home_option
@json_option
def preflight(url: str | None, home: Path, as_json: bool) -> None:
    """Try an upgrade on a copy, and print how long it takes.

    The database itself stays as it is, and the broker may serve. Exit status 1 if the upgraded copy is not right.
    """
    from time import monotonic

    from broker.services.operations.preflight import try_upgrade

    with closing(_database(home)) as database, _scratch(database, url, home) as scratch, _watched() as watch:
        done = try_upgrade(database, scratch, monotonic, watch)
    if as_json:
        print_json(done.to_json())
    else:
        click.echo(f"copied {done.rows} rows in {done.copy_seconds} s")
        for one in done.migrations:
            warning = "; requests to its tables would be refused meanwhile" if one.long else ""
            click.echo(f"{one.revision} {one.name}: {one.seconds} s{warning}")
        for name, lost in done.fewer.items():
            click.echo(f"{name}: the migrations remove {lost} rows")
        click.echo(f"from {done.before} to {done.after}: {'not right' if done.problems else 'the copy is right'}")
    if done.problems:
        refuse("\n".join(done.problems))


@contextmanager
def _scratch(database: Database, url: str | None, home: Path) -> Iterator[Database]:
    """A database for a copy that nobody keeps: the one that was named, or a SQLite file next to the database."""
    from tempfile import TemporaryDirectory

    from broker.storage.engine import Database
    from broker.storage.modes import path_of

    own = path_of(database.url, None)
    if url is None and own is None:
        raise click.UsageError("give --copy ADDRESS, an empty PostgreSQL database")
    with (
        TemporaryDirectory(dir=own.parent if own is not None else None, prefix="preflight-") as folder,
        closing(Database(url or f"sqlite:///{folder}/copy.db", base=home.resolve())) as scratch,
    ):
        if scratch.dialect != database.dialect:
            raise click.UsageError("--copy must be a database of the same kind")
        yield scratch


def _sealer(home: Path) -> Sealer:
    from broker.composition.core import open_sealer

    return open_sealer(home.resolve())


def _restored(database: Database, home: Path) -> Restored:
    from broker.composition.core import system_clock
    from broker.services.guests.transitions import rules_of
    from broker.services.operations.after_restore import Restored

    return Restored(database, system_clock, rules_of(_settings(home)))


def _forget_ends(home: Path) -> None:
    """The audit ends where the backup does, on purpose (FA-09)."""
    from broker.services.history.audit_heads import Heads

    Heads(home.resolve()).forget()


@contextmanager
def _watched() -> Iterator[Callable[[str, int], None]]:
    """A line that counts rows on a terminal."""
    before: dict[str, int] = {}
    with counting("rows") as tell:

        def watch(table: str, rows: int) -> None:
            before[table] = rows
            if tell is not None:
                tell(sum(before.values()))

        yield watch


def _print_copy(done: CopiedDatabase, as_json: bool, line: str) -> None:
    if as_json:
        print_json(done.to_json())
        return
    rows: list[dict[str, Any]] = [{"table": name, **one} for name, one in done.tables.items() if one["rows"]]
    print_table(rows, ("table", "rows", "sum"), "no rows")
    click.echo(line)


def _print_ended(done: AfterRestore) -> None:
    for name, count in done.ended.items():
        click.echo(f"{name.replace('_', ' ')}: {count}")
    for person in done.ended_again:
        click.echo(f"access ended after the backup, and again now: {person}")
    if done.removed_again:
        click.echo(f"sign-in methods removed after the backup, and again now: {done.removed_again}")
    for person in done.later.deleted:
        click.echo(f"deleted after the backup; delete again: broker guests delete {person}")
    for name, count in done.later.names.items():
        click.echo(f"recorded after the backup: {name} {count}")
    click.echo("guests sign in again; invite guests with an open invitation again: they stay the same guests")
