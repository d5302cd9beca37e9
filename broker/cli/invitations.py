"""`broker invitations`: those that were sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option, page_options
from broker.cli.output import build, print_json, print_record, print_table, say, when
from broker.cli.records import mail_line, mail_record

if TYPE_CHECKING:
    from broker.services.invitations.views import InvitationView

_COLUMNS = ["created_at", "email", "status", "application", "expires_at", "inviter", "id"]


@click.group("invitations")
def invitations() -> None:
    """Sent invitations. Name one by its id, or the newest by the guest's address."""


@invitations.command("list")
@click.option("--status", type=click.Choice(["pending", "redeemed", "expired", "revoked"]), help="Only these.")
@click.option("--guest", "email", metavar="EMAIL", help="Only invitations of this address.")
@page_options("id")
@home_option
@json_option
def list_(status: str | None, email: str | None, after: str, limit: int, home: Path, as_json: bool) -> None:
    """List invitations, the newest first."""
    from broker.domain.invitation import Status
    from broker.services.addresses import parse

    found = build(home).invitations.sent.listed(
        command_actor(),
        status=Status(status) if status else None,
        email=parse(email) if email else None,
        after=after,
        limit=limit,
    )
    rows = [shown(one) for one in found]
    print_json(rows) if as_json else print_table(rows, _COLUMNS, "No invitations.")


@invitations.command("show")
@click.argument("invitation")
@home_option
@json_option
def show(invitation: str, home: Path, as_json: bool) -> None:
    """Show one invitation and the delivery of its e-mails. Its link is not stored."""
    found = build(home).invitations.sent.show(command_actor(), invitation)
    row = shown(found.invitation) | {"mails": [mail_record(mail) for mail in found.mails]}
    print_json(row) if as_json else print_record(row)


@invitations.command("revoke")
@click.argument("invitation")
@click.option("--reason", default="", help="The reason, kept in the audit until the guest is deleted.")
@home_option
@json_option
def revoke(invitation: str, reason: str, home: Path, as_json: bool) -> None:
    """Revoke an invitation. Its link stops working."""
    found = build(home).invitations.sent.revoke(command_actor(), invitation, reason=reason)
    print_json(shown(found)) if as_json else say(f"{found.email}: invitation revoked")


@invitations.command("resend")
@click.argument("invitation")
@click.option("--no-mail", is_flag=True, help="Print the new link and send no e-mail.")
@home_option
@json_option
def resend(invitation: str, no_mail: bool, home: Path, as_json: bool) -> None:
    """Send an invitation again, with a new link.

    The old link stops working.
    """
    from broker.cli.invite import shown as invited_shown

    broker = build(home)
    invited = broker.invitations.sent.resend(command_actor(), invitation, mail=not no_mail)
    broker.messages.outbox.deliver(invited.mails)
    mails = [mail_record(one) for one in broker.messages.outbox.states(invited.mails)]
    if as_json:
        print_json(invited_shown(invited) | {"mails": mails})
        return
    say(f"Invited {invited.invitation.email} again; the link works until {when(invited.invitation.expires_at)}:")
    click.echo(invited.redeem_url)
    for mail in mails:
        click.echo(mail_line(mail))


def shown(found: InvitationView) -> dict[str, Any]:
    """An invitation as JSON."""
    return {
        "id": found.id,
        "email": found.email,
        "status": found.status.value,
        "guest_id": found.guest_id,
        "application": found.application,
        "redirect_url": found.redirect_url,
        "language": found.language,
        "message": found.message or None,
        "inviter": found.inviter,
        "created_at": when(found.created_at),
        "expires_at": when(found.expires_at),
        "redeemed_at": when(found.redeemed_at),
    }
