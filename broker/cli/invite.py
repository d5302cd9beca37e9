"""`broker invite`: one guest, or a whole list; the mail goes out at once, or the link is printed for a mail of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.address_warning import address_warning, warn_of_address
from broker.cli.options import home_option, json_option
from broker.cli.output import build, plain, print_json, refuse, when
from broker.cli.records import mail_line, mail_record
from broker.cli.times import Moment

if TYPE_CHECKING:
    from broker.app import Broker
    from broker.services.invitations.invitations import IssuedInvitation


@click.command("invite")
@click.argument("email", required=False)
@click.option(
    "--csv",
    "table",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Invite the rows of this file instead: email, name, message, language, application, redirect_url.",
)
@click.option("--dry-run", is_flag=True, help="With --csv: print what would happen; change nothing.")
@click.option(
    "--redirect-url", help="The address that the guest is sent to.  [default: the application's launch_url, or the access panel]"
)
@click.option("--name", default="", help="The guest's name, until the home organization sends one.")
@click.option("--message", default="", help="A personal message, shown on the invitation.")
@click.option("--language", help="The language of the invitation.  [default: the first of languages:]")
@click.option("--application", help="The client_id of the application that the guest is assigned to.")
@click.option("--sponsor", help="The address of the member who is responsible for the guest; replies go there.")
@click.option("--until", type=Moment(through=True), help="The last day (UTC) of the access, or 90d from now.")
@click.option("--cc", help="An address that gets a copy of the e-mail, including the link.")
@click.option("--preview", is_flag=True, help="Print the e-mail and invite nobody.")
@click.option("--no-mail", is_flag=True, help="Print the link and send no e-mail.")
@home_option
@json_option
def invite(
    email: str | None,
    table: Path | None,
    dry_run: bool,
    home: Path,
    as_json: bool,
    preview: bool,
    no_mail: bool,
    **options: Any,
) -> None:
    """Invite EMAIL, or the rows of a file. Inviting again keeps the guest and replaces the link."""
    from broker.services.invitations.invitations import InvitationRequest

    if (email is None) == (table is None):
        raise click.UsageError("give one address, or --csv FILE")
    if (dry_run and table is None) or (preview and table is not None) or (options["cc"] and no_mail):
        raise click.UsageError("--dry-run needs --csv, --preview needs an address, --cc needs an e-mail")
    broker, options["copy_to"], until = build(home), options.pop("cc"), options.pop("until")
    options["until"] = until(broker.core.clock()) if until else None
    wish = InvitationRequest(email=email or "", mail=not no_mail, **options)
    if table is not None:
        from broker.cli.invite_csv import invite_rows

        invite_rows(broker, table, wish, dry_run=dry_run, as_json=as_json)
    elif preview:
        _preview(broker, wish, as_json)
    else:
        _invite(broker, wish, as_json)


def _invite(broker: Broker, wish: Any, as_json: bool) -> None:

    invited = broker.invitations.invitations.invite(command_actor(), wish)
    broker.messages.outbox.deliver(invited.mails)
    mails = [mail_record(one) for one in broker.messages.outbox.states(invited.mails)]
    found = invited.invitation
    if as_json:
        print_json(shown(invited) | {"mails": mails})
    else:
        click.echo(f"Invited {found.email}; the link works until {when(found.expires_at)}:")
        click.echo(invited.redeem_url)
        for mail in mails:
            click.echo(mail_line(mail))
    warn_of_address(found.email, invited.lookalike)
    if any(mail["status"] == "refused" for mail in mails):
        refuse("the mail server refused the mail: the invitation stands, hand out its link or correct the address")


def _preview(broker: Broker, wish: Any, as_json: bool) -> None:

    look = broker.invitations.invitations.preview(command_actor(), wish)
    mail, written = look.mail, broker.messages.outbox.written(look.mail)
    warn_of_address(mail.recipient, look.lookalike)
    if as_json:
        row = {"to": mail.recipient, "subject": written.subject, "text": written.text, "html": written.html}
        print_json(row | {"warning": address_warning(mail.recipient, look.lookalike)})
        return
    click.echo(f"To: {mail.recipient}\nSubject: {written.subject}\n")
    click.echo("\n".join(plain(line) for line in written.text.splitlines()))


def shown(invited: IssuedInvitation) -> dict[str, Any]:
    """An invitation with its link as JSON."""
    found = invited.invitation
    return {
        "id": found.id,
        "email": found.email,
        "status": found.status.value,
        "redeem_url": invited.redeem_url,
        "guest_id": found.guest_id,
        "application": found.application,
        "redirect_url": found.redirect_url,
        "expires_at": when(found.expires_at),
        "warning": address_warning(found.email, invited.lookalike),
    }
