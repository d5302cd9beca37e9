"""`broker webhooks`: receivers of notices of guest events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_table, refuse, say
from broker.cli.times import Moment

if TYPE_CHECKING:
    from broker.services.events.webhooks import WebhookView

_COLUMNS = ["id", "url", "events", "waiting", "waiting_since", "delivered", "given_up", "problem"]


@click.group("webhooks")
def webhooks() -> None:
    """Receivers of guest events."""


@webhooks.command("list")
@home_option
@json_option
def list_(home: Path, as_json: bool) -> None:
    """List webhooks with their deliveries of seven days."""
    rows = [shown(one) for one in build(home).events.webhooks.listed()]
    if as_json:
        print_json(rows)
        return
    print_table([row | {"events": ", ".join(row["events"])} for row in rows], _COLUMNS, "No webhooks in config/broker.yaml.")


@webhooks.command("test")
@click.argument("webhook")
@home_option
@json_option
def test(webhook: str, home: Path, as_json: bool) -> None:
    """Send a signed test notice to WEBHOOK now. Prints the response."""
    problem = build(home).events.webhooks.test(webhook)
    if as_json:
        print_json({"webhook": webhook, "status": "failed" if problem else "accepted", "problem": problem or None})
        if not problem:
            return
    if problem:
        refuse(f"webhook {webhook} did not accept the notice: {problem}")
    say(f"webhook {webhook} accepted the notice")


@webhooks.command("replay")
@click.argument("webhook")
@click.option(
    "--since", type=Moment(back=True), required=True, help="Events from this day or time on (2027-06-30, or 7d: seven days ago)."
)
@home_option
@json_option
def replay(webhook: str, since: Callable[[int], int], home: Path, as_json: bool) -> None:
    """Queue past events for WEBHOOK again.

    They come from the audit. A receiver that knows an id ignores it.
    """
    broker = build(home)
    count = broker.events.webhooks.replay(webhook, since(broker.core.clock()))
    print_json({"webhook": webhook, "queued": count}) if as_json else say(f"{count} events queued for webhook {webhook}")


def shown(view: WebhookView) -> dict[str, Any]:
    """A webhook as the command line shows it."""
    from broker.domain.times import iso

    counts = view.counts
    return {
        "id": view.id,
        "url": view.url,
        "events": list(view.events),
        "waiting": counts.waiting,
        "waiting_since": iso(counts.waiting_since) if counts.waiting_since is not None else None,
        "delivered": counts.delivered,
        "given_up": counts.given_up,
        "problem": counts.problem or None,
    }
