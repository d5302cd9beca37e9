"""`broker guests`: who is here, and what they agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from broker.cli import guest_lifecycle
from broker.cli.actor import command_actor
from broker.cli.guest_rebind import reset
from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_record, print_table, when
from broker.cli.records import assignment_record, guest_record, mail_record
from broker.cli.times import Moment


@click.group("guests")
def guests() -> None:
    """List, show and manage guests."""


for command in guest_lifecycle.COMMANDS:
    guests.add_command(command)


@guests.command("list")
@click.option("--state", type=click.Choice(["invited", "active", "blocked", "expired"]), help="Only these.")
@click.option("--partner", help="Only guests whose last sign-in was at this partner.")
@click.option("--sponsor", help="Only guests of this sponsor.")
@click.option("--no-sponsor", is_flag=True, help="Only guests without a sponsor.")
@click.option("--expiring-before", type=Moment(), help="Only guests whose access ends before this day, or within 30d.")
@click.option("--inactive-since", type=Moment(back=True), help="Only guests who did not sign in since this day, or for 90d.")
@click.option("--search", default="", help="Only addresses that begin with this text.")
@click.option("--name", default="", help="Only names that begin with this text, in any case; ordered by name.")
@click.option("--after", default="", help="Continue after this address, the last one of the previous page.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@home_option
@json_option
def list_(home: Path, as_json: bool, after: str, limit: int, **filters: Any) -> None:
    """List guests.

    In the order of their addresses; those who expire, are inactive or have no sponsor, longest first.
    """
    from broker.domain.guest import GuestState
    from broker.storage.directory.guest_pages import GuestFilter

    broker = build(home)
    times = {
        name: filters[name](broker.core.clock()) if filters[name] else None for name in ("expiring_before", "inactive_since")
    }
    wanted = GuestFilter(
        state=GuestState(filters["state"]) if filters["state"] else None,
        partner=filters["partner"],
        sponsor=filters["sponsor"].lower() if filters["sponsor"] else None,
        text=filters["search"].lower(),
        name=filters["name"],
        without_sponsor=filters["no_sponsor"],
        **times,
    )
    rows = [guest_record(guest) for guest in broker.guests.directory.page(wanted, after=after, limit=limit)]
    if as_json:
        print_json(rows)
    else:
        columns = ["email", "name", "state", "partner", "sponsor", "expires_at", "last_sign_in", "id"]
        print_table(rows, columns, "No such guests." if any(filters.values()) else "No guests yet: broker invite EMAIL --no-mail")


@guests.command("show")
@click.argument("guest")
@home_option
@json_option
def show(guest: str, home: Path, as_json: bool) -> None:
    """Show one guest, by address or id.

    With identities, consents, sign-in methods and the delivery of their e-mails.
    """
    found = build(home).guests.directory.show(guest)
    row = guest_record(found.person) | {
        "identities": [{"partner": i.partner, "issuer": i.issuer, "bound_at": when(i.bound_at)} for i in found.identities],
        "consents": [
            {
                "application": consent.application,
                "scopes": consent.scopes,
                "version": consent.version,
                "given_at": when(consent.given_at),
                "withdrawn_at": when(consent.withdrawn_at),
            }
            for consent in found.consents
        ],
        "methods": [
            {
                "kind": method.kind,
                "name": method.name,
                "created_at": when(method.created_at),
                "last_used_at": when(method.last_used_at),
                "copied_at": when(method.copied_at),
            }
            for method in found.methods
        ],
        "groups": [
            {"id": group.id, "name": group.name, "dynamic": group.is_dynamic, "since": when(group.since)}
            for group in found.groups
        ],
        "assignments": [assignment_record(one) for one in found.assignments],
        "mails": [mail_record(mail) for mail in found.mails],
    }
    if as_json:
        print_json(row)
        return
    print_record(row)


@guests.command("withdraw-consent")
@click.argument("guest")
@click.argument("application")
@home_option
def withdraw_consent(guest: str, application: str, home: Path) -> None:
    """Revoke the access of APPLICATION to GUEST's data.

    Its tokens end, and it asks again.
    """
    count = build(home).guests.directory.withdraw_consent(command_actor(), guest, application)
    click.echo(f"withdrawn; {count} sign-ins ended")


guests.add_command(reset)
