"""`broker guests block|unblock|renew|expire|sponsor|delete|export`: what staff does to one guest, with a reason."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, plain, print_json, refuse, say
from broker.cli.records import guest_record
from broker.cli.times import Moment

if TYPE_CHECKING:
    from broker.app import Broker
    from broker.services.guests.views import GuestRow

_reason = click.option("--reason", default="", help="The reason, kept in the audit until the guest is deleted.")


def _act(home: Path, act: Callable[[Broker], GuestRow], as_json: bool, said: str) -> None:
    """Do it, then print the guest."""
    row = guest_record(act(build(home)))
    if as_json:
        print_json(row)
    else:
        until = f"; access until {row['expires_at']}" if row["expires_at"] else ""
        click.echo(f"{row['email']}: {said}; state {row['state']}{until}")


@click.command("block")
@click.argument("guest")
@_reason
@home_option
@json_option
def block(guest: str, reason: str, home: Path, as_json: bool) -> None:
    """Block GUEST immediately.

    Sessions and tokens end on every node. Works for members, too.
    """
    _act(home, lambda broker: broker.guests.lifecycle.block(command_actor(), guest, reason=reason), as_json, "blocked")


@click.command("unblock")
@click.argument("guest")
@_reason
@home_option
@json_option
def unblock(guest: str, reason: str, home: Path, as_json: bool) -> None:
    """Unblock GUEST. Ended sessions and tokens stay ended."""
    _act(home, lambda broker: broker.guests.lifecycle.unblock(command_actor(), guest, reason=reason), as_json, "unblocked")


@click.command("renew")
@click.argument("guest")
@click.option(
    "--until", type=Moment(through=True), help="The last day (UTC), or 90d from now.  [default: guests.lifetime from now on]"
)
@click.option("--no-end", is_flag=True, help="The access has no end date.")
@_reason
@home_option
@json_option
def renew(guest: str, until: Callable[[int], int] | None, no_end: bool, reason: str, home: Path, as_json: bool) -> None:
    """Change the end of the access of GUEST. It restores access that ended within the last 30 days."""
    if until is not None and no_end:
        raise click.UsageError("give --until or --no-end")

    def act(broker: Broker) -> GuestRow:
        end = until(broker.core.clock()) if until else None
        return broker.guests.lifecycle.renew(command_actor(), guest, until=end, forever=no_end, reason=reason)

    _act(home, act, as_json, "renewed")


@click.command("expire")
@click.argument("guest")
@_reason
@home_option
@json_option
def expire(guest: str, reason: str, home: Path, as_json: bool) -> None:
    """End the access of GUEST now. It can be renewed within 30 days."""
    _act(home, lambda broker: broker.guests.lifecycle.expire(command_actor(), guest, reason=reason), as_json, "expired")


@click.command("sponsor")
@click.argument("names", nargs=-1, metavar="[GUEST] SPONSOR")
@click.option("--from", "old", help="Hand over all guests of this sponsor instead of one.")
@_reason
@home_option
@json_option
def sponsor(names: tuple[str, ...], old: str | None, reason: str, home: Path, as_json: bool) -> None:
    """Make SPONSOR the sponsor of GUEST. With --from OLD: of all guests of OLD."""
    if len(names) != (2 if old is None else 1):
        raise click.UsageError("give a guest and the new sponsor, or --from OLD and the new sponsor")
    new = names[-1]
    if old is None:
        _act(
            home,
            lambda broker: broker.guests.sponsors.hand_over(command_actor(), names[0], new, reason=reason),
            as_json,
            "handed over",
        )
        return
    count = build(home).guests.sponsors.hand_over_all(command_actor(), old, new, reason=reason)
    if as_json:
        print_json({"from": old, "to": new, "guests": count})
    else:
        click.echo(f"{count} guests handed over to {new}")


@click.command("sign-out")
@click.argument("guest")
@_reason
@home_option
@json_option
def sign_out(guest: str, reason: str, home: Path, as_json: bool) -> None:
    """End every session and token of GUEST immediately. They can sign in again."""
    broker = build(home)
    person = broker.guests.directory.show(guest).person
    ended = broker.guests.lifecycle.sign_out(command_actor(), guest, reason=reason)
    if as_json:
        print_json({"id": person.id, "email": person.email, "sessions": ended.sessions, "applications": list(ended.clients)})
        return
    at = f", and at {', '.join(ended.clients)}" if ended.clients else ""
    say(f"{person.email}: {ended.sessions} sessions ended{at}")


@click.command("delete")
@click.argument("guest")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation; required without a terminal.")
@click.option("--reason", default="", help="The reason, kept in the audit forever, so it must not name the guest.")
@home_option
@json_option
def delete(guest: str, yes: bool, reason: str, home: Path, as_json: bool) -> None:
    """Delete GUEST for good.

    Access ends, personal data is deleted, the audit keeps a pseudonym.
    """
    broker = build(home)
    person = broker.guests.directory.show(guest).person
    _confirm(f"Delete {person.email} ({person.name or 'no name'}, {person.state}, id {person.id}) for good?", yes=yes)
    gone = broker.guests.lifecycle.delete(command_actor(), guest, reason=reason)
    if as_json:
        print_json({"id": gone.id, "email": gone.email, "state": "deleted", "rows": gone.rows})
    else:
        say(f"deleted {gone.email} ({gone.id}); {sum(gone.rows.values())} rows of personal data are gone")


def _confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; without one, only --yes says that it is meant (FC-10)."""
    if yes:
        return
    if not sys.stdin.isatty():
        refuse("this cannot be undone and there is no terminal to ask on: say --yes")
    click.confirm(plain(question), abort=True, err=True)


@click.command("export")
@click.argument("guest")
@home_option
def export(guest: str, home: Path) -> None:
    """Print everything that is stored about GUEST.

    One JSON document, without secrets.
    """
    broker = build(home)
    print_json(broker.guests.directory.export(command_actor(), guest))


@click.command("mfa-reset")
@click.argument("guest")
@_reason
@home_option
@json_option
def mfa_reset(guest: str, reason: str, home: Path, as_json: bool) -> None:
    """Remove every second factor of GUEST immediately.

    Sessions and tokens end, the guest is notified by e-mail.
    """
    _act(
        home,
        lambda broker: broker.factors.reset.reset(command_actor(), guest, reason=reason),
        as_json,
        "second factors removed",
    )


COMMANDS = (block, unblock, renew, expire, sponsor, sign_out, delete, export, mfa_reset)
