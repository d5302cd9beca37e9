"""`broker policy`: what the policies would say, now and over the sign-ins of the past."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import plain, print_json, refuse, when
from broker.cli.progress import counting

if TYPE_CHECKING:
    from broker.services.policies.policies import Policies
    from broker.settings.policy_file import PolicyFile

CHANGES = {"newly_blocked": "Newly blocked", "newly_asked": "Newly asked", "freed": "Freed"}
since_option = click.option("--since", default="30d", show_default=True, help="How far back, such as 12h or 30d.")


@click.group("policy")
def policy() -> None:
    """Conditional access: test policies before you enable them."""


@policy.command("what-if")
@click.option("--user", "email", required=True, help="A guest's or member's address.")
@click.option("--application", required=True, help="Its client_id.")
@click.option("--ip", "address", help="The browser's address.  [default: outside of all networks that policies name]")
@click.option("--partner-mfa", is_flag=True, help="Assume that a trusted partner performed multi-factor authentication.")
@home_option
@json_option
def what_if(email: str, application: str, address: str | None, partner_mfa: bool, home: Path, as_json: bool) -> None:
    """Evaluate the policies for one sign-in. Nothing is changed."""
    with _policies(home) as policies:
        found = policies.what_if(command_actor(), email, application, address, partner_mfa=partner_mfa)
    if as_json:
        print_json(found.to_json())
        return
    asked = ", ".join(found.require) or "nothing more"
    click.echo(plain(f"{found.user} at {application}: {found.outcome}" + ("" if found.error else f", asked for {asked}")))
    if found.sign_in_frequency is not None:
        click.echo(f"  the last sign-in must be younger than {_span(found.sign_in_frequency)}")
    for entry in found.policies:
        click.echo(plain(f"  {entry.id} ({entry.state}): {entry.result}, {entry.reason}"))
    for note in found.notes:
        click.echo(f"  note: {note}")


@policy.command("replay")
@since_option
@click.option("--from", "file", type=click.Path(path_type=Path, dir_okay=False), help="Read an export instead of the database.")
@click.option(
    "--fail-on", multiple=True, type=click.Choice(["newly_blocked", "newly_asked"]), help="Exit with status 1 if there are any."
)
@home_option
@json_option
def replay(since: str, file: Path | None, fail_on: tuple[str, ...], home: Path, as_json: bool) -> None:
    """Evaluate past sign-ins with the policies in the files. Prints who would be blocked, asked or no longer blocked."""
    from broker.services.policies.replay import run, shown

    seconds = _seconds(since)
    if file is None:
        with _policies(home) as policies, counting("sign-ins") as progress:
            report = run(policies.book(), policies.past(seconds), progress)
    else:
        from broker.services.policies.export import Export
        from broker.services.policies.policies import marked_book

        export = Export(file)
        book = marked_book(_policy_files(home), export)
        with counting("sign-ins") as progress:
            report = run(book, export.sign_ins(seconds), progress)
    found = shown(report, by_address=file is None)
    print_json(_dated(found)) if as_json else _explain(found)
    broken = [change for change in fail_on if found[change]]
    if broken:
        refuse("; ".join(f"{change}: {len(found[change])}" for change in broken))


@policy.command("export")
@since_option
@click.option("--no-marks", is_flag=True, help="Omit the marks of guests: policies that name guests cannot be evaluated with it.")
@home_option
def export(since: str, no_marks: bool, home: Path) -> None:
    """Print past sign-ins for `replay --from`.

    Pseudonyms, networks and facts, no names and no addresses.
    """
    with _policies(home) as policies:
        for line in policies.export(_seconds(since), marked=not no_marks):
            click.echo(line)


def _policies(home: Path) -> AbstractContextManager[Policies]:
    from broker.composition.policies import open_policies

    return open_policies(home.resolve())


def _policy_files(home: Path) -> Mapping[str, PolicyFile]:
    """The policies of a home of which nothing else is needed: no secret, no key, no database. Refuses if one is wrong."""
    from broker.settings.load import read
    from broker.settings.policy_file import PolicyFile

    reading = read(home.resolve(), os.environ)
    wrong = [str(error) for error in reading.errors if error.file.startswith("config/policies")]
    if wrong:
        refuse("\n".join(wrong))
    return {source.id: source.model for source in reading.of("policy") if isinstance(source.model, PolicyFile)}


def _seconds(text: str) -> int:
    from broker.settings.durations import seconds
    from broker.settings.errors import Wrong

    try:
        return seconds(text)
    except Wrong:
        raise click.BadParameter("write a whole number and s, m, h or d, as in 30d", param_hint="--since") from None


def _span(seconds: int) -> str:
    from broker.domain.policy import span

    return span(seconds)


def _dated(found: dict[str, Any]) -> dict[str, Any]:
    changes = {kind: [entry | {"last": when(entry["last"])} for entry in found[kind]] for kind in CHANGES}
    return found | changes


def _explain(found: dict[str, Any]) -> None:
    """The report as lines: the number, then each kind of change with whom it meets and why."""
    click.echo(f"{found['sign_ins']} sign-ins evaluated again")
    if found["by_network"]:
        click.echo(f"  {found['by_network']} of them by their network only: the address is no longer stored")
    for kind, head in CHANGES.items():
        click.echo(f"{head}: {len(found[kind])}")
        for entry in found[kind]:
            asked = f" for {', '.join(entry['asked'])}" if entry["asked"] else ""
            who = entry["user"] or entry["person_id"]
            click.echo(plain(f"  {who} at {entry['application'] or 'our own pages'}{asked}, {entry['sign_ins']} sign-ins"))
            for reason in entry["reasons"]:
                click.echo(plain(f"      {reason}"))
            click.echo(f"      receipts: {', '.join(entry['receipts'])}")
