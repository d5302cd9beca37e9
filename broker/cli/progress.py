"""A bar, or a count, on standard error for what takes long, on a terminal only: standard output stays a table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

LONG = 200  # rows from which on a terminal sees a bar
Row = TypeVar("Row")


def with_progress(rows: Iterator[Row], length: int, label: str, *, quiet: bool) -> Iterator[Row]:
    """The rows, as they come. quiet: no bar in any case."""
    if length < LONG or quiet or not sys.stderr.isatty():
        yield from rows
        return
    with click.progressbar(rows, length=length, label=label, file=sys.stderr) as bar:
        yield from bar


@contextmanager
def counting(label: str) -> Iterator[Callable[[int], None] | None]:
    """A line that counts, gone before anything else is printed, also where an error ends the work; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    width = 0

    def tell(count: int) -> None:
        nonlocal width
        text = f"{count} {label}"
        width = max(width, len(text))
        click.echo(f"\r{text}", nl=False, err=True)

    try:
        yield tell
    finally:
        if width:
            click.echo(f"\r{' ' * width}\r", nl=False, err=True)
