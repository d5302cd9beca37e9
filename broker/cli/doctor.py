"""`broker doctor`: what is wrong at a partner or an application, and who has to change what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import build, plain, print_json, say

if TYPE_CHECKING:
    from broker.services.doctor import ApplicationReport, DoctorReport, Finding

_HEADS = {"problem": "Problems", "warning": "Warnings", "ok": "OK"}
SIDES = {
    "ours": "on our side",
    "partner": "on the partner's side",
    "application": "in the application",
    "person": "by the person",
}


@click.command("doctor")
@click.argument("partner", required=False)
@click.option("--application", metavar="CLIENT_ID", help="Examine an application instead of a partner.")
@click.option("--offline", is_flag=True, help="Contact nobody: examine files, database and past sign-ins only.")
@home_option
@json_option
def doctor(partner: str | None, application: str | None, offline: bool, home: Path, as_json: bool) -> None:
    """Find what is wrong with PARTNER or an application.

    Exit status 1 if there is a problem. Nobody is signed in, nothing is changed.
    """
    if (partner is None) == (application is None):
        raise click.UsageError("name a partner, or an application with --application CLIENT_ID")
    examiner = build(home).doctor
    if application is not None:
        _print(examiner.examine_application(application, offline=offline), as_json)
    else:
        _print(examiner.examine(partner or "", offline=offline), as_json)


def _print(report: DoctorReport | ApplicationReport, as_json: bool) -> None:
    if as_json:
        print_json(report.to_json())
    else:
        say(report.head)
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
        click.echo(plain(f"      to fix ({SIDES[finding.side]}): {finding.change}"))
