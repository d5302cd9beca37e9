"""A bar on standard error for long lists, on a terminal only: standard output stays a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
