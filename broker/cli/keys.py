"""`broker keys`: root keys in keys/, and the ring of signing, SAML and decryption keys in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import print_json, print_table, when

if TYPE_CHECKING:
    from broker.services.keys.ring import KeyInfo, Keys
    from broker.settings.load import Settings
    from broker.storage.engine import Database

_COLUMNS = ("use", "alg", "state", "kid", "created_at", "active_from", "retired_at", "published")
_NOTHING = "No keys yet: broker keys init"


@click.group("keys")
def keys() -> None:
    """Root keys and the key ring."""


@keys.command("init")
@click.option("--new-root", is_flag=True, help="Create another root key. It encrypts from now on; the others still decrypt.")
@click.option(
    "--pkcs11", "module", metavar="LIBRARY", help="A new root key is encrypted by a PKCS#11 token: the path of its library."
)
@click.option("--token", metavar="LABEL", help="The token (with --pkcs11).")
@click.option("--key", metavar="LABEL", help="The AES key in the token (with --pkcs11).")
@home_option
@json_option
def init(new_root: bool, module: str | None, token: str | None, key: str | None, home: Path, as_json: bool) -> None:
    """Create the root key, the database and the first keys.

    What exists already stays as it is.
    """
    from broker.keyring.create import SIGNING
    from broker.keyring.errors import KeyFileError
    from broker.keyring.root import SUFFIX, create_root, load_roots
    from broker.keyring.token import TokenKey
    from broker.services.partners.saml.our_side import keys_needed
    from broker.storage.engine import Database
    from broker.storage.migrate import upgrade

    if any((module, token, key)) and not all((module, token, key)):
        raise click.UsageError("--pkcs11, --token and --key belong together")
    where = TokenKey(module, token, key) if module and token and key else None
    home = home.resolve()
    settings = _settings(home)  # a broken config is refused before anything is made
    database = Database(settings.broker.database, base=home)
    folder = home / "keys"
    made = new_root or not any(folder.glob(f"*{SUFFIX}"))
    newest = None if made else load_roots(folder).newest
    if newest is not None and where is not None and not newest.in_token:
        raise KeyFileError(f"{newest.path}: is a root key that no token encrypts; add --new-root for another one, in the token")
    root = newest.path if newest else create_root(folder, where=where)
    with _opened(home, database) as ring:
        upgrade(database)
        created = ring.ensure(command_actor(), [*SIGNING, *keys_needed(settings)])
        shown = ring.list()
    if as_json:
        keys_shown = [_shown(info) for info in shown]
        print_json({"root_key": str(root), "root_key_created": made, "ring_created": created, "keys": keys_shown})
        return
    click.echo(f"root key {'created' if made else 'exists already'}: {root}")
    click.echo("ring created" if created else "ring exists already")
    _print(shown)
    if made:
        click.echo(
            "Deploy the root key to every node, and keep a copy of it apart from the database's: neither opens without the other."
        )


@keys.command("rotate")
@click.option("--now", "at_once", is_flag=True, help="Sign with the new keys immediately, instead of after caches have expired.")
@click.option(
    "--use",
    type=click.Choice(["sig", "saml", "enc"]),
    default="sig",
    show_default=True,
    help="Keys for tokens, for SAML messages (published in our metadata for a week first), or for encrypted assertions (the same).",
)
@click.option(
    "--revoke",
    is_flag=True,
    help="With --now, after a leak: nobody trusts the old keys any more, and every session and grant ends.",
)
@home_option
@json_option
def rotate(at_once: bool, use: str, revoke: bool, home: Path, as_json: bool) -> None:
    """Create and publish a new key for each algorithm.

    Running servers notice within 10 seconds.
    """
    from broker.keyring.create import ENCRYPTION, SAML, SIGNING

    of = {"sig": SIGNING, "saml": (SAML,), "enc": (ENCRYPTION,)}[use]
    if revoke:
        if not at_once:
            raise click.UsageError("--revoke needs --now: there is no other key to sign with")
        _replace_lost(home, of, as_json=as_json)
        return
    with _opened(home) as ring:
        added = ring.rotate(command_actor(), now_active=at_once, of=of)
        shown = added or ring.list()
    if as_json:
        print_json([_shown(info) for info in added])
        return
    if not added:
        click.echo("A rotation is in progress; --now creates new keys that sign immediately:")
        _print([info for info in shown if info.state == "next"])
        return
    _print(added)


def _replace_lost(home: Path, of: tuple[tuple[str, str], ...], *, as_json: bool) -> None:
    from broker.keyring.create import SIGNING
    from broker.storage.operations.lost_keys import end_what_was_signed, nothing_ends

    with _opened(home) as ring:
        done = ring.replace_lost(command_actor(), end_what_was_signed if of == SIGNING else nothing_ends, of=of)
    if as_json:
        print_json({"keys": [_shown(info) for info in done.added], "revoked": list(done.revoked), "ended": dict(done.ended)})
        return
    _print(done.added)
    click.echo(f"revoked: {', '.join(done.revoked) or 'none'}")
    for what, number in done.ended.items():
        click.echo(f"{what} ended: {number}")


@keys.command("list")
@home_option
@json_option
def list_(home: Path, as_json: bool) -> None:
    """List the keys.

    Next, active and retired ones, never their private halves.
    """
    with _opened(home) as ring:
        shown = ring.list()
    if as_json:
        print_json([_shown(info) for info in shown])
    else:
        _print(shown)


@keys.command("import")
@click.option(
    "--use",
    type=click.Choice(["sig", "saml", "enc"]),
    required=True,
    help="Sign tokens, sign SAML messages, or decrypt assertions.",
)
@click.option(
    "--alg", type=click.Choice(["RS256", "PS256", "ES256", "EdDSA"]), help="For --use sig; an RSA key is RS256 by default."
)
@click.option(
    "--certificate", type=click.Path(path_type=Path), help="The PEM file of its certificate, if FILE does not contain it."
)
@click.option("--password-file", type=click.Path(path_type=Path), help="A file whose first line is the password of FILE.")
@click.option("--now", "at_once", is_flag=True, help="For --use sig: sign with it immediately.")
@click.argument("file", type=click.Path(path_type=Path))
@home_option
@json_option
def import_(
    file: Path,
    use: str,
    alg: str | None,
    certificate: Path | None,
    password_file: Path | None,
    at_once: bool,
    home: Path,
    as_json: bool,
) -> None:
    """Import a key (PEM) that others already trust."""
    from broker.keyring.imported import read_key, read_password

    if alg is not None and use != "sig":
        raise click.UsageError("--alg needs --use sig")
    password = read_password(password_file) if password_file else None
    imported = read_key(file, use, alg=alg, password=password, certificate=certificate)
    with _opened(home) as ring:
        shown = ring.import_key(command_actor(), imported, use, now_active=at_once)
    if as_json:
        print_json(_shown(shown))
    else:
        _print([shown])


def _settings(home: Path) -> Settings:
    import os

    from broker.settings.load import load

    return load(home, os.environ)


def _database(home: Path) -> Database:
    from broker.storage.engine import Database

    return Database(_settings(home).broker.database, base=home)


@contextmanager
def _opened(home: Path, database: Database | None = None) -> Iterator[Keys]:
    """The ring of a home, by the root keys that lie there; the database is closed at the end. Raises KeyFileError."""
    from broker.composition.core import system_clock
    from broker.keyring.root import load_roots
    from broker.keyring.seal import Sealer
    from broker.services.keys.ring import Keys

    home = home.resolve()
    database = database or _database(home)
    try:
        yield Keys(database, Sealer(load_roots(home / "keys")), system_clock)
    finally:
        database.close()


def _shown(info: KeyInfo) -> dict[str, Any]:
    times = {name: when(getattr(info, name)) for name in ("created_at", "active_from", "retired_at")}
    return info.to_json() | times


def _print(infos: Sequence[KeyInfo]) -> None:
    rows = [_shown(info) | {"published": "yes" if info.published else "no"} for info in infos]
    print_table(rows, _COLUMNS, _NOTHING)
