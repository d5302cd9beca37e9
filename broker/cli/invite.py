"""`broker invite`: one guest; the link is printed for a mail of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from broker.cli.output import build, home_option, json_option, print_json, when


@click.command("invite")
@click.argument("email")
@click.option("--redirect-url", help="Where the guest lands.  [default: the application's launch_url, or the access panel]")
@click.option("--name", default="", help="The guest's name, until the home organization says it.")
@click.option("--message", default="", help="A personal message, shown on the invitation.")
@click.option("--language", help="Of the invitation.  [default: the first of languages:]")
@click.option("--application", help="A client_id: the guest is assigned to it.")
@click.option("--sponsor", help="The address of the member who answers for the guest.")
@click.option("--no-mail", is_flag=True, required=True, help="Print the link and send no mail.")
@home_option
@json_option
def invite(
    email: str,
    redirect_url: str | None,
    name: str,
    message: str,
    language: str | None,
    application: str | None,
    sponsor: str | None,
    no_mail: bool,
    home: Path,
    as_json: bool,
) -> None:
    """Invite EMAIL. Inviting again keeps the guest and replaces the link."""
    from broker.domain.audit import Actor
    from broker.services.invitations import Wish

    broker = build(home)
    wish = Wish(
        email=email,
        redirect_url=redirect_url,
        name=name,
        message=message,
        language=language,
        application=application,
        sponsor=sponsor,
    )
    invited = broker.invitations.invite(Actor(kind="command"), wish)
    found = invited.invitation
    if as_json:
        print_json(
            {
                "id": found.id,
                "email": found.email,
                "status": found.status.value,
                "redeem_url": invited.redeem_url,
                "guest_id": found.person_id,
                "application": found.application,
                "redirect_url": found.redirect_url,
                "expires_at": when(found.expires_at),
            }
        )
        return
    click.echo(f"Invited {found.email}; the link works until {when(found.expires_at)}:")
    click.echo(invited.redeem_url)
