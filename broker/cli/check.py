"""`broker check`: every mistake of every config file at once; with --online also what partners publish."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import print_json

if TYPE_CHECKING:
    from broker.cli.check_online import OnlineFinding
    from broker.settings.errors import ConfigError
    from broker.settings.sources import Reading, Source


@click.command("check")
@home_option
@click.option("--online", is_flag=True, help="Also fetch the discovery document and the keys of every partner.")
@json_option
@click.pass_context
def check(context: click.Context, home: Path, online: bool, as_json: bool) -> None:
    """Check all files of config/ and keys/. Each error is reported with its file, line and key."""
    from broker.cli.state import readable_by_others
    from broker.settings import cautions, load, pending
    from broker.settings.errors import in_order

    reading = load.read(home, os.environ)
    notes = [*pending.notes(reading), *cautions.notes(reading), *_missing_groups(reading)]
    errors = list(reading.errors)
    findings: list[OnlineFinding] = []
    if online:
        from broker.cli.check_online import look

        findings = look(reading)
        errors += [error for finding in findings for error in finding.errors]
    if _names_metadata_files(reading):
        for is_error, line in _metadata_files(reading):
            (errors if is_error else notes).append(line)
    keys = _root_keys(home / "keys")
    state = [] if reading.errors else readable_by_others(next(source.model for source in reading.of("broker")), home)  # type: ignore[arg-type]  # BrokerFile
    ok = not errors and not keys[1:]
    errors, notes = in_order(errors), in_order(notes)
    for said in (*errors, *keys[1:], *notes, *state):
        click.echo(str(said), err=True)
    if as_json:
        document = {
            "ok": ok,
            "digest": reading.digest,
            "errors": [asdict(error) for error in errors],
            "keys": {"state": keys[0], "error": keys[1] if keys[1:] else None},
            "state": state,
            "notes": [asdict(note) for note in notes],
            "partners": [finding.to_json() for finding in findings] if online else _partners(reading),
        }
        print_json(document)
    elif ok:
        _say(reading, findings, keys[0])
    context.exit(0 if ok else 1)


def _missing_groups(reading: Reading) -> list[ConfigError]:
    """Policies that name a group that the database does not have (FC-03); nothing where there is no database to ask."""
    from broker.settings.broker_file import BrokerFile
    from broker.settings.policy_file import PolicyFile

    broker = next((source.model for source in reading.of("broker") if isinstance(source.model, BrokerFile)), None)
    files = {source.id: source.model for source in reading.of("policy") if isinstance(source.model, PolicyFile)}
    if broker is None or not any(file.users.include.groups or file.users.exclude.groups for file in files.values()):
        return []
    from broker.services.policies.group_uses import missing_at

    trees = {source.id: source.tree for source in reading.of("policy")}
    found = missing_at(broker.database, reading.home, files)
    return [trees[one.policy].error(("users", one.side, "groups", one.number), one.missing) for one in found]


def _names_metadata_files(reading: Reading) -> bool:
    return any("metadata" in str(source.tree.data) for source in reading.of("partner"))


def _metadata_files(reading: Reading) -> list[tuple[bool, ConfigError]]:
    """What the partners' metadata files say is as good as config: judged without --online, even if other files have mistakes (FC-12)."""
    from broker.cli.check_saml import files
    from broker.connectors.outbound.client import HttpClient
    from broker.settings.cross import allowed

    client = HttpClient(allowed(reading) or (), "guest-broker")
    try:
        return list(files(reading, client))
    finally:
        client.close()


def _root_keys(folder: Path) -> tuple[str, ...]:
    """What stands in keys/: its state, and a second text if something is wrong (CF-03)."""
    from broker.keyring.errors import KeyFileError
    from broker.keyring.root import SUFFIX, load_roots

    try:
        if not any(path.suffix == SUFFIX for path in folder.iterdir()):
            return ("none",)
    except OSError:
        return ("none",)
    try:
        return (_counted(len(load_roots(folder).by_id), "root key", "root keys"),)
    except KeyFileError as error:
        return ("bad", str(error))


def _partners(reading: Reading) -> list[dict[str, Any]]:
    """Without --online: what the files say, and what is to be registered at each partner."""
    data = next((source.tree.data for source in reading.of("broker")), None)
    issuer = data.get("issuer") if isinstance(data, dict) and not reading.errors else None
    return [
        {"id": source.id, "file": source.tree.file, "redirect_uri": issuer and _callback(source, issuer)}
        for source in reading.of("partner")
    ]


def _callback(source: Source, issuer: str) -> str:
    """Where the partner's responses arrive; empty for a file that is not good."""
    from broker.connectors.registry import callback_url
    from broker.settings.model import PartnerFile

    partner = source.model
    if not isinstance(partner, PartnerFile):
        return ""
    return callback_url(issuer, partner.protocol, source.id, own=partner.section.own_callback)


def _say(reading: Reading, findings: list[OnlineFinding], keys: str) -> None:
    """The good news, on standard output."""
    words = (("partner", "partners"), ("application", "applications"), ("policy", "policies"))
    counts = (_counted(sum(1 for _ in reading.of(word)), word, many) for word, many in words)
    click.echo(f"config is valid: {', '.join(counts)}; digest {reading.digest}")
    click.echo("keys: none yet; run: broker keys init" if keys == "none" else f"keys: {keys}")
    for finding in findings:
        click.echo(f"{finding.partner}: {finding.summary}")


def _counted(number: int, word: str, many: str) -> str:
    return f"{number} {word if number == 1 else many}"
