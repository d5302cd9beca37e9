"""`broker sign-ins`: what happened, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from broker.cli.output import build, home_option, json_option, plain, print_json, print_table, refuse, say, when


@click.command("sign-ins")
@click.option("--user", "email", help="Only this person's.")
@click.option("--request", "request_id", help="The one that a reference on a page names.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many at the most.")
@home_option
@json_option
def sign_ins(email: str | None, request_id: str | None, limit: int, home: Path, as_json: bool) -> None:
    """Explain sign-ins: the newest first, or one in full."""
    broker = build(home)
    if request_id is not None:
        found = broker.receipts.by_request(request_id)
        if found is None:
            refuse(f"no sign-in and no refusal has the reference {request_id!r}; it may be older than retention: allows")
        print_json(_dated(found)) if as_json else _explain(found)
        return
    from broker.services.addresses import parse

    rows = [_dated(row) for row in broker.receipts.newest(email=parse(email) if email else None, limit=limit)]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["at", "user", "application", "partner", "outcome", "error", "request_id"], "No sign-ins yet.")


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"at": when(row["at"]), "steps": [step | {"at": when(step["at"])} for step in row["steps"]]}


def _explain(row: dict[str, Any]) -> None:
    """The receipt as lines: the end first and what to do about it, then how it came about."""
    from broker.services.doctor.advice import REASONS

    say(f"{row['request_id']}  {when(row['at'])}  {row['outcome']}" + (f" ({row['error']})" if row["error"] else ""))
    for label, name in (("who", "user"), ("application", "application"), ("partner", "partner"), ("why", "reason")):
        if row[name]:
            say(f"  {label}: {row[name]}")
    advice = REASONS.get(row["reason"])
    if advice is not None:
        say(f"  expected: {advice.expected}")
        say(f"  whose side: {advice.side}; what to do: {advice.change}")
    for policy in row["policies"]:
        say(f"  policy {policy['id']} ({policy['state']}): {policy['result']}, {policy['reason']}")
    left_out = row["facts"].get("policies_left_out", {})
    if left_out:
        counts = ", ".join(f"{count} {result}" for result, count in sorted(left_out.items()))
        say(f"  and {sum(left_out.values())} more policies: {counts}")
    for step in row["steps"]:
        more = {k: v for k, v in step.items() if k not in ("at", "step", "result", "reason", "gates", "rules")}
        said = ", ".join(f"{k}={v}" for k, v in more.items())
        reason = f": {step['reason']}" if step.get("reason") else ""
        say(f"  {when(step['at'])}  {step['step']} {step['result']}{reason}" + (f"  [{said}]" if said else ""))
        for rule in step.get("rules", []):
            say(f"      {plain(rule['name'])}: {'in' if rule['matched'] else 'not in'} ({plain('; '.join(rule['because']))})")
        for gate in step.get("gates", []):
            say(f"      {gate['gate']}: {gate['result']}" + (f" ({gate['reason']})" if gate.get("reason") else ""))
