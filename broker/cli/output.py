"""What commands share: where the home is, how records are printed, how a refusal looks."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from broker.domain.text import printable
from broker.domain.times import iso

if TYPE_CHECKING:
    from broker.app import Broker

_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")  # what JSON lets stand, and a terminal obeys (LP-02)

_TIMES = frozenset(
    {
        "at",
        "before",
        "now",
        "auth_time",
        "active_from",
        "since",
        "until",
        "last_sign_in",
        "last_seen",
        "last_vouched",
        "passkey_at",
        "ends",
        "begins",
    }
)


def refuse(message: str) -> NoReturn:
    """One clear line (or one a config error) on standard error, exit status 1."""
    for line in message.splitlines() or [""]:
        click.echo(plain(line), err=True)
    sys.exit(1)


def build(home: Path) -> Broker:
    """The broker of a home, with its database brought up; it is closed when the command ends, however that happens."""
    from broker.app import build as construct
    from broker.storage.migrate import upgrade

    broker = construct(home.resolve())
    click.get_current_context().call_on_close(broker.close)
    upgrade(broker.core.db)
    return broker


def print_json(value: Any) -> None:
    """One JSON document; its times are ISO 8601 strings."""
    written = json.dumps(dated(value), ensure_ascii=False, indent=2)
    click.echo(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", written))


def print_table(rows: Sequence[dict[str, Any]], columns: Sequence[str], empty: str) -> None:
    """Rows under column heads, as wide as they need; a sentence where there are none."""
    if not rows:
        click.echo(empty)
        return
    cells = [[plain(phrase(row.get(name), name)) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    for line in [list(columns), *cells]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def print_record(row: Mapping[str, Any], *, leave_out: Collection[str] = ()) -> None:
    """One record: a line a value, then a table for each list of records that is not empty."""
    plain_values = {name: value for name, value in row.items() if name not in leave_out and not _is_table(value)}
    width = max(map(len, plain_values), default=0) + 2
    for name, value in plain_values.items():
        say(f"{name.ljust(width)}{phrase(value, name)}")
    for name, value in row.items():
        if name not in leave_out and _is_table(value):
            click.echo(f"\n{name.replace('_', ' ')}")
            print_table(value, list(value[0]), "")


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def say(line: str) -> None:
    """One line, whatever came from outside is in it."""
    click.echo(plain(line))


def plain(value: Any) -> str:
    """A value as text on one line: control characters cannot reach the terminal (LP-02)."""
    text = phrase(value)
    return printable(text, len(text))


def phrase(value: Any, name: str = "") -> str:
    """A value as people write it: lists with commas, yes and no, times in ISO 8601; never a Python repr (FC-05)."""
    if value is None or value in ("", [], (), {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and is_time(name):
        return str(when(value))
    if isinstance(value, dict):
        return "; ".join(f"{key} {phrase(item, str(key))}" for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(phrase(item) for item in value)
    return str(value)


def is_time(name: str) -> bool:
    """Whether a member of this name is a time."""
    return name in _TIMES or name.endswith(("_at", "_until"))


def dated(value: Any, name: str = "") -> Any:
    """The value, with each time in it as ISO 8601, UTC (FC-07): one kind of time in every JSON document."""
    if isinstance(value, dict):
        return {key: dated(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [dated(item, name) for item in value]
    return when(value) if isinstance(value, int) and not isinstance(value, bool) and is_time(name) else value


def when(at: int | None) -> str | None:
    """A time in ISO 8601, UTC."""
    return None if at is None else iso(at)
