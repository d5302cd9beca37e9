"""`broker sign-ins`: what happened, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from broker.cli.doctor import SIDES
from broker.cli.options import home_option, json_option
from broker.cli.output import build, phrase, plain, print_json, print_table, refuse, say, when
from broker.cli.times import Moment

_OUTCOMES = ("allowed", "blocked", "failed", "abandoned")


@click.command("sign-ins")
@click.option("--user", "email", help="Only sign-ins of this person, also failed ones with this unverified address.")
@click.option("--request", "request_id", help="The sign-in with this reference, from an error page.")
@click.option("--partner", help="Only at this partner.")
@click.option("--application", metavar="CLIENT_ID", help="Only at this application; its refused requests, too.")
@click.option("--outcome", type=click.Choice(_OUTCOMES), help="Only with this outcome.")
@click.option("--reason", help="Only with this reason or error code, such as not_invited; refused requests, too.")
@click.option("--since", type=Moment(back=True), help="From this day (UTC) or time on, or 7d: the last 7 days.")
@click.option("--until", type=Moment(through=True, back=True), help="Until this day, inclusive, or time.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="The largest number of rows.")
@home_option
@json_option
def sign_ins(
    email: str | None,
    request_id: str | None,
    partner: str | None,
    application: str | None,
    outcome: str | None,
    reason: str | None,
    since: Callable[[int], int] | None,
    until: Callable[[int], int] | None,
    limit: int,
    home: Path,
    as_json: bool,
) -> None:
    """Explain sign-ins: the newest first, or one in full."""
    broker = build(home)
    if request_id is not None:
        found = broker.history.receipts.by_request(request_id)
        if found is None:
            refuse(f"no sign-in and no refusal has the reference {request_id!r}; it may be older than retention: allows")
        row = found.to_json()
        print_json(_dated(row)) if as_json else _explain(row)
        return
    from broker.domain.receipt import Outcome, Search
    from broker.services.addresses import parse

    now = broker.core.clock()
    search = Search(
        partner=partner,
        application=application,
        outcome=Outcome(outcome) if outcome else None,
        reason=reason,
        since=since(now) if since else None,
        until=until(now) if until else None,
    )
    found_rows = broker.history.receipts.newest(email=parse(email) if email else None, search=search, limit=limit)
    rows = [_dated(one.to_json()) for one in found_rows]
    if as_json:
        print_json(rows)
        return
    empty = "No sign-ins found." if email or search != Search() else "No sign-ins yet."
    shown = [row | {"user": _who(row)} for row in rows]
    print_table(shown, ["at", "user", "application", "partner", "outcome", "error", "reason", "request_id"], empty)


def _who(row: Mapping[str, Any]) -> str | None:
    return f"{row['user']} (claimed)" if row["claimed"] else row["user"]


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"at": when(row["at"]), "steps": [step | {"at": when(step["at"])} for step in row["steps"]]}


def _explain(row: dict[str, Any]) -> None:
    """The receipt as lines: the end first and what to do about it, then how it came about."""
    from broker.services.doctor import advice

    say(f"{row['request_id']}  {when(row['at'])}  {row['outcome']}" + (f" ({row['error']})" if row["error"] else ""))
    told = {"who": _who(row), "application": row["application"], "partner": row["partner"], "why": row["reason"]}
    for label, value in (told | {"sent": row.get("sent"), "registered": phrase(row.get("registered") or None)}).items():
        if value and value != "-":
            say(f"  {label}: {value}")
    detail = next((str(step["detail"]) for step in reversed(row["steps"]) if step.get("detail")), "")
    if row["reason"] in advice.REASONS or row["reason"] in advice.OF_APPLICATIONS:
        said = advice.of(row["reason"], detail)
        say(f"  expected: {said.expected}")
        say(f"  to fix ({SIDES[said.side]}): {said.change}")
    for policy in row["policies"]:
        say(f"  policy {policy['id']} ({policy['state']}): {policy['result']}, {policy['reason']}")
    left_out = row["facts"].get("policies_left_out", {})
    if left_out:
        counts = ", ".join(f"{count} {result}" for result, count in sorted(left_out.items()))
        say(f"  and {sum(left_out.values())} more policies: {counts}")
    for step in row["steps"]:
        _say_step(step)


def _say_step(step: Mapping[str, Any]) -> None:
    more = {k: v for k, v in step.items() if k not in ("at", "step", "result", "reason", "gates", "rules")}
    said = ", ".join(f"{k} {phrase(v, k)}" for k, v in more.items())
    reason = f": {step['reason']}" if step.get("reason") else ""
    say(f"  {when(step['at'])}  {step['step']} {step['result']}{reason}" + (f"  [{said}]" if said else ""))
    for rule in step.get("rules", []):
        say(f"      {plain(rule['name'])}: {'in' if rule['matched'] else 'not in'} ({plain('; '.join(rule['because']))})")
    for gate in step.get("gates", []):
        say(f"      {gate['gate']}: {gate['result']}" + (f" ({gate['reason']})" if gate.get("reason") else ""))
