"""`broker doctor PARTNER`: what is wrong at a partner, and who has to change what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from broker.cli.output import build, home_option, json_option, plain, print_json

if TYPE_CHECKING:
    from broker.services.doctor import Finding

_HEADS = {"problem": "Problems", "warning": "Warnings", "ok": "Well"}


@click.command("doctor")
@click.argument("partner")
@click.option("--offline", is_flag=True, help="Do not visit the provider: files, database and past sign-ins only.")
@home_option
@json_option
def doctor(partner: str, home: Path, offline: bool, as_json: bool) -> None:
    """Examine PARTNER. Exit status 1 if there is a problem. Nobody is signed in, nothing is changed."""
    report = build(home).doctor.examine(partner, offline=offline)
    if as_json:
        print_json(report.to_json())
    else:
        click.echo(plain(f"{report.name} ({report.partner}), {report.protocol.upper()}, {report.issuer or 'issuer not known'}"))
        for level, head in _HEADS.items():
            found = [finding for finding in report.findings if finding.level == level]
            if found:
                click.echo(f"\n{head}")
                for finding in found:
                    _say(finding)
        click.echo("\nNo problem found." if report.is_well else "")
    sys.exit(0 if report.is_well else 1)


def _say(finding: Finding) -> None:
    """What was seen, what was expected, who changes what."""
    click.echo(plain(f"  {finding.check}: {finding.seen}"))
    if finding.expected:
        click.echo(plain(f"      expected: {finding.expected}"))
    if finding.side and finding.change:
        click.echo(plain(f"      {_SIDES[finding.side]}: {finding.change}"))


_SIDES = {"ours": "on our side", "partner": "on the partner's side", "application": "in the application", "person": "the person"}
