"""`broker invite --csv`: a list of guests, read row by row, a result for each; safe to run again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.address_warning import address_warning
from broker.cli.output import plain, print_json, refuse
from broker.cli.progress import with_progress
from broker.domain import guest_list
from broker.domain.guest_list import Row

if TYPE_CHECKING:
    from broker.app import Broker
    from broker.services.invitations.invitations import InvitationRequest

COLUMNS = ("email", "name", "message", "language", "application", "redirect_url")
TOGETHER = 50  # rows of one transaction
SENT_HERE = 200  # rows whose mails this command sends itself; the serving broker sends those of the rows behind them


def invite_rows(broker: Broker, path: Path, defaults: InvitationRequest, *, dry_run: bool, as_json: bool) -> None:
    """Every row; a line each on standard output, the sum at the end, exit 1 if any was bad. defaults: for empty cells."""
    actor = command_actor()
    counts: Counter[str] = Counter()
    printed: list[dict[str, Any]] = []
    waiting = 0
    with _lines(path) as source:
        rows = guest_list.rows(source, COLUMNS)
        results = _judged(broker, actor, rows, defaults) if dry_run else _invited(broker, actor, rows, defaults)
        for result in with_progress(results, _length(path), path.name, quiet=as_json):
            counts[result["result"]] += 1
            waiting += result.get("mail") == "waiting"
            if as_json:
                printed.append(result)
            else:
                said = "; ".join(filter(None, (result["problem"] or result["redeem_url"], result["warning"])))
                click.echo("\t".join((str(result["line"]), result["result"], plain(result["email"]), plain(said))).rstrip())
    if as_json:
        print_json(printed)
    if waiting:
        click.echo(
            f"{waiting} e-mails wait in the outbox: broker serve or broker maintain sends them; see broker guests show", err=True
        )
    bad = counts["bad"]
    summary = ", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "no rows"
    if bad:
        refuse(f"{path.name}: {summary}; correct the bad rows and run the same file again")
    if not as_json:
        click.echo(f"{path.name}: {summary}")


def _invited(broker: Broker, actor: Any, rows: Iterator[Row], defaults: InvitationRequest) -> Iterator[dict[str, Any]]:
    """Some rows a transaction; memory stays flat, however long the list."""
    from broker.domain.errors import CommandError

    done = 0
    while some := list(islice(rows, TOGETHER)):
        good = [(line, _wish(cells, defaults)) for line, cells in some if not isinstance(cells, str)]
        found = dict(
            zip(
                (line for line, _ in good),
                broker.invitations.invitations.invite_many(actor, [wish for _, wish in good]),
                strict=True,
            )
        )
        mails = [mail for one in found.values() if not isinstance(one, CommandError) for mail in one.mails]
        if done < SENT_HERE:
            broker.messages.outbox.deliver(mails)
        done += len(some)
        states = {mail.id: mail for mail in broker.messages.outbox.states(mails)} if mails else {}
        for line, cells in some:
            if isinstance(cells, str):
                yield _result(line, "", "bad", cells)
                continue
            one = found[line]
            if isinstance(one, CommandError):
                yield _result(line, cells["email"], "bad", str(one))
                continue
            refused = [states[mail].problem for mail in one.mails if states[mail].status == "refused"]
            word = "bad" if refused else "invited" if one.mails or not defaults.mail else "kept"
            problem = f"the mail was refused: {refused[0]}" if refused else None
            waiting = [mail for mail in one.mails if states[mail].status == "waiting"]
            invitation = one.invitation
            yield _result(line, invitation.email, word, problem, address_warning(invitation.email, one.lookalike)) | {
                "id": invitation.id,
                "status": invitation.status.value,
                "redeem_url": one.redeem_url or None,
                "mail": "waiting" if waiting else "refused" if refused else "sent" if one.mails else None,
            }


def _judged(broker: Broker, actor: Any, rows: Iterator[Row], defaults: InvitationRequest) -> Iterator[dict[str, Any]]:
    from broker.domain.errors import CommandError
    from broker.services.addresses import canonical

    for line, cells in rows:
        if isinstance(cells, str):
            yield _result(line, "", "bad", cells)
            continue
        try:
            found = broker.invitations.invitations.judge(actor, _wish(cells, defaults))
            look_twice = address_warning(canonical(cells["email"]) or "", found.lookalike)
            yield _result(line, cells["email"], found.result, None, look_twice)
        except CommandError as error:
            yield _result(line, cells["email"], "bad", str(error))


def _result(line: int, email: str, word: str, problem: str | None, look_twice: str | None = None) -> dict[str, Any]:
    return {"line": line, "email": email, "result": word, "problem": problem, "redeem_url": None, "warning": look_twice}


def _wish(cells: dict[str, str], defaults: InvitationRequest) -> InvitationRequest:
    given: dict[str, Any] = dict(cells)
    return replace(defaults, **given)


class _lines:  # noqa: N801 - used as a function
    """The file open for reading; a byte order mark, as spreadsheets write one, is skipped."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Iterable[str]:
        try:
            self._file = self._path.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            refuse(f"{self._path}: {error.strerror}")
        return self._file

    def __exit__(self, *_said: object) -> None:
        self._file.close()


def _length(path: Path) -> int:
    """How many rows the file has, about: a cell may hold a line break."""
    with path.open("rb") as source:
        return sum(1 for _ in source) - 1
