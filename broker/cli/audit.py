"""`broker audit`: whether it is whole, and taking it along."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, refuse
from broker.domain.times import DAY, HOUR, MINUTE


@click.group("audit")
def audit() -> None:
    """Verify and export the audit."""


@audit.command("verify")
@click.option("--anchor", metavar="FILE|NUMBER:HEAD", help="Ends that earlier runs printed: the chain must still contain them.")
@click.option(
    "--file",
    "export_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Verify an export, without the database.",
)
@click.option("--one-person", is_flag=True, help="With --file: it is an export of one person, so numbers are missing.")
@home_option
@json_option
def verify(anchor: str | None, export_file: Path | None, one_person: bool, home: Path, as_json: bool) -> None:
    """Verify every event of the chain.

    Exit status 1, and the first bad record, if one was altered, removed or moved.
    """
    ends = _ends(anchor) if anchor else []
    if export_file is not None:
        _verify_file(export_file, ends, home, as_json, one_person=one_person)
        return
    if one_person:
        raise click.UsageError("--one-person needs --file")
    with closing(build(home)) as broker:
        found = broker.history.audit_chain.verify(*ends)
    if as_json:
        print_json(found.to_json())
        sys.exit(0 if found.problem is None else 1)
    if found.problem is not None:
        refuse(f"the audit is not what was written: {found.problem} ({found.checked} records before it are good)")
    if not found.last:
        click.echo(f"nothing is chained yet; {found.waiting} events wait for broker maintain")
        return
    click.echo(f"{found.checked} records, {found.first} to {found.last}, are unaltered; {found.waiting} are not chained yet")
    click.echo(f"end: {found.last}:{found.head}")


def _verify_file(path: Path, ends: list[tuple[int, str]], home: Path, as_json: bool, *, one_person: bool) -> None:
    """Needs neither config/ nor the database; keys/ of the home, where there are any, open the anchor."""
    from broker.domain.errors import Invalid
    from broker.keyring.root import load_roots
    from broker.keyring.seal import Sealer
    from broker.services.history.audit_file import events, judge

    keys = home / "keys"
    sealer = Sealer(load_roots(keys)) if keys.is_dir() and any(keys.glob("*.key")) else None
    try:
        with path.open(encoding="utf-8") as lines:
            found = judge(events(lines), sealer, ends, one_person=one_person)
    except (Invalid, UnicodeDecodeError) as error:
        refuse(str(error) if isinstance(error, Invalid) else "the export is not UTF-8")
    if as_json:
        print_json(found.to_json())
        sys.exit(0 if found.problem is None else 1)
    if found.problem is not None:
        refuse(f"the export is not what was written: {found.problem} ({found.checked} records before it are good)")
    told = f"{found.checked} records, {found.first} to {found.last}"
    gaps = f"; {found.gaps} numbers between them are not in the file, of others or taken out" if found.gaps else ""
    if found.older:
        click.echo(f"{found.older} older records of the chain are not in the file: correct only for an export with --since")
    if found.proven == "content":
        click.echo(f"{told}, are unaltered{gaps}; {found.waiting} are not chained yet")
    else:
        click.echo(f"{told}, are linked without a gap{gaps}; {found.waiting} are not chained yet")
        click.echo("their content is not proven: without the root key (keys/) only links and ends are compared")
    if not ends:
        click.echo("compare this end with one that was recorded before, or pass it as --anchor")
    click.echo(f"end: {found.last}:{found.head}")


@audit.command("export")
@click.option("--since", "from_", metavar="AGE|DATE", help="Only events of this period (30d, 12h), or since a date (2026-11-01).")
@click.option("--person", metavar="GUEST", help="Only events about or by this person: address or id.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for spreadsheets; no cell is a formula.")
@click.option("--syslog", "as_syslog", is_flag=True, help="Messages of syslog (RFC 5424), one a line.")
@home_option
@json_option
def export(from_: str | None, person: str | None, as_csv: bool, as_syslog: bool, home: Path, as_json: bool) -> None:
    """Print events, oldest first.

    One JSON object per line, one JSON list, a table, or messages of syslog. It contains personal values.
    """
    import csv
    import io
    import json
    import socket

    from broker.services.history.audit_export import COLUMNS, cells, syslog_line

    if as_csv + as_json + as_syslog > 1:
        raise click.UsageError("use one of --csv, --json and --syslog")
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding="utf-8", newline="")  # whatever the terminal's: a file goes on to other programs
    with closing(build(home)) as broker:
        events = broker.history.audit_export.events(since=since(from_, broker.core.clock()) if from_ else 0, person=person)
        if as_csv:
            table = csv.writer(out)
            table.writerow(COLUMNS)
            table.writerows(map(cells, events))
        elif as_json:
            out.write("[")
            for number, event in enumerate(events):
                out.write((",\n" if number else "\n") + json.dumps(event))  # as it was written: its HMAC is over these values
            out.write("\n]\n")
        elif as_syslog:
            host = socket.gethostname()
            out.writelines(syslog_line(event, host) + "\n" for event in events)
        else:
            out.writelines(json.dumps(event) + "\n" for event in events)


def _ends(given: str) -> list[tuple[int, str]]:
    """NUMBER:HEAD itself, or each one in a file: kept output of this command, var/audit-head, or lines of the log."""
    from broker.services.history.audit_heads import LINE, read

    if LINE.fullmatch(given):
        return read(given)
    path = Path(given)
    found = sorted(set(read(path.read_text("utf-8", errors="replace")))) if path.is_file() else []
    if not found:
        raise click.BadParameter(
            "give NUMBER:HEAD as broker audit verify printed it, or a file with such lines", param_hint="--anchor"
        )
    return found


def since(text: str, now: int) -> int:
    """A time from an age or a date. Raises BadParameter."""
    from datetime import UTC, datetime

    age = re.fullmatch(r"(\d{1,6})([dhm])", text)
    if age is not None:
        return max(0, now - int(age[1]) * {"d": DAY, "h": HOUR, "m": MINUTE}[age[2]])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("write an age such as 30d or 12h, or a date such as 2026-11-01", param_hint="--since") from None
    return max(0, int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()))
