"""`broker guests reset`: a binding ends, the guest stays; for one guest, or for all guests of a partner that migrates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, plain, print_json, print_table, refuse
from broker.cli.records import mail_line, mail_record

if TYPE_CHECKING:
    from broker.app import Broker
    from broker.services.invitations.rebinding import RebindingTerms
    from broker.services.invitations.views import ReboundGuest

TOGETHER = 50  # guests of one transaction
SENT_HERE = 200  # guests whose mails this command sends itself; the serving broker sends the others'
COLUMNS = ("email", "new_email", "identities", "sessions", "sign_ins", "groups", "assignments", "consents", "problem")


@click.command("reset")
@click.argument("guest", required=False)
@click.option("--partner", help="Instead of one guest: all guests of a provider that this partner no longer uses.")
@click.option("--email", help="The guest's new address.")
@click.option("--domain", help="With --partner: the domain of the new addresses; the part before the @ is kept.")
@click.option(
    "--bound-before",
    metavar="TIME",
    help="With --partner: also guests bound to the current provider before this time, such as 2026-11-23T14:00:00Z.",
)
@click.option("--reason", default="", help="The reason, for the audit.")
@click.option("--message", default="", help="A personal message in the e-mail.")
@click.option(
    "--invite/--no-invite", default=None, help="Create a new link immediately.  [default: with --partner yes, for one guest no]"
)
@click.option("--no-mail", is_flag=True, help="Print the new links and send no e-mail.")
@click.option("--dry-run", is_flag=True, help="With --partner: show who is affected, what ends and what is kept; change nothing.")
@home_option
@json_option
def reset(
    guest: str | None,
    partner: str | None,
    email: str | None,
    domain: str | None,
    bound_before: str | None,
    reason: str,
    message: str,
    invite: bool | None,
    no_mail: bool,
    dry_run: bool,
    home: Path,
    as_json: bool,
) -> None:
    """End the binding of GUEST to an account.

    GUEST is an address or id. Id, sub, groups and assignments stay, sessions and tokens end.

    The guest comes back by a new invitation, with whatever identity proves the address.
    """
    from broker.services.invitations.rebinding import RebindingTerms

    if (guest is None) == (partner is None):
        raise click.UsageError("name one guest, or use --partner PARTNER")
    if (guest is None and email) or (guest is not None and (domain or bound_before or dry_run)):
        raise click.UsageError("--email needs a guest; --domain, --bound-before and --dry-run need --partner")
    terms = RebindingTerms(
        reason=reason,
        invite=partner is not None if invite is None else invite,
        mail=not no_mail,
        message=message,
        domain=domain.lower() if domain else None,
        before=_time(bound_before),
    )
    broker = build(home)
    if guest is not None:
        _one(broker, guest, email, terms, as_json)
    elif dry_run:
        _preview(broker, partner or "", terms, as_json)
    else:
        _many(broker, partner or "", terms, as_json)


def _one(broker: Broker, guest: str, email: str | None, terms: RebindingTerms, as_json: bool) -> None:
    done = broker.invitations.rebinding.reset(command_actor(), guest, terms, email=email)
    sent = done.issued.mails if done.issued else ()
    broker.messages.outbox.deliver(sent)
    mails = [mail_record(one) for one in broker.messages.outbox.states(sent)]
    row = _shown(done)
    if as_json:
        print_json(row | {"mails": mails})
        return
    click.echo(
        f"Reset {plain(done.guest.email)}: {row['identities']} bindings, {row['sessions']} sessions and "
        f"{row['sign_ins']} sign-ins at applications ended; {row['groups']} groups and {row['assignments']} assignments kept."
    )
    click.echo(
        row["redeem_url"] or f"The guest cannot sign in until you invite them again: broker invite {plain(done.guest.email)}"
    )
    for mail in mails:
        click.echo(mail_line(mail))


def _preview(broker: Broker, partner: str, terms: RebindingTerms, as_json: bool) -> None:
    rows = [_shown(one) for one in _affected(broker, partner, terms)]
    if as_json:
        print_json(rows)
        return
    print_table(rows, COLUMNS, _nobody(partner))
    bad = sum(1 for row in rows if row["problem"])
    click.echo(f"{len(rows) - bad} would be reset, {bad} would stay unchanged; nothing was changed.")


def _many(broker: Broker, partner: str, terms: RebindingTerms, as_json: bool) -> None:
    from broker.cli.progress import with_progress

    counts: Counter[str] = Counter()
    printed: list[dict[str, Any]] = []
    length = broker.invitations.rebinding.count(partner, terms)
    results = _moved(broker, command_actor(), partner, terms)
    for done in with_progress(results, length, partner, quiet=as_json):
        row = _shown(done)
        counts[row["result"]] += 1
        if as_json:
            printed.append(row)
        else:
            said = row["problem"] or (row["redeem_url"] if not terms.mail else "") or ""
            click.echo("\t".join((row["result"], plain(row["email"]), plain(said))).rstrip())
    if as_json:
        print_json(printed)
    elif not counts:
        click.echo(_nobody(partner))
    waiting = max(counts["reset"] - SENT_HERE, 0) if terms.invite and terms.mail else 0
    if waiting:
        click.echo(f"{waiting} e-mails wait in the outbox: broker serve or broker maintain sends them", err=True)
    summary = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    if counts["left"]:
        refuse(f"{partner}: {summary}; settle the ones that were left, and run the same command again")
    if counts and not as_json:
        click.echo(f"{partner}: {summary}")


def _affected(broker: Broker, partner: str, terms: RebindingTerms) -> Iterator[ReboundGuest]:
    """A page at a time; memory stays flat, however long the list."""
    after = ""
    while page := broker.invitations.rebinding.affected(partner, terms, after=after, limit=TOGETHER):
        yield from page
        after = page[-1].guest.id


def _moved(broker: Broker, actor: Any, partner: str, terms: RebindingTerms) -> Iterator[ReboundGuest]:
    """A batch of guests in each transaction, with their invitations: a guest who was done before a crash is not done again."""
    after, done = "", 0
    while page := broker.invitations.rebinding.affected(partner, terms, after=after, limit=TOGETHER):
        after = page[-1].guest.id
        results = broker.invitations.rebinding.move(actor, partner, [one.guest.id for one in page], terms)
        if done < SENT_HERE:
            broker.messages.outbox.deliver([mail for one in results if one.issued for mail in one.issued.mails])
        done += len(results)
        yield from results


def _shown(done: ReboundGuest) -> dict[str, Any]:
    person, held = done.guest, done.held
    return {
        "id": person.id,
        "email": person.email,
        "new_email": done.email,
        "state": person.state.value,
        "result": "left" if done.problem else "reset",
        "identities": held.identities,
        "sessions": held.sessions,
        "sign_ins": held.sign_ins,
        "groups": held.groups,
        "assignments": held.assignments,
        "consents": held.consents,
        "redeem_url": done.issued.redeem_url if done.issued else None,
        "problem": done.problem or None,
    }


def _nobody(partner: str) -> str:
    return (
        f"Nobody is bound to another provider than {partner} uses today. Change its file first; "
        "if the provider is the same and its people are new, say --bound-before TIME."
    )


def _time(text: str | None) -> int | None:
    """An instant with its zone, or a date: its beginning in UTC."""
    from datetime import UTC, datetime

    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--bound-before: {text!r} is not a time; write 2026-11-23 or 2026-11-23T14:00:00Z") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
