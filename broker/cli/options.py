"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="BROKER_HOME",
    default=".",
    show_default="the current folder",
    help="The folder with config/, keys/ and var/.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def page_options(behind: str) -> Callable[[Any], Any]:
    """--after and --limit of a listing."""

    def add(command: Any) -> Any:
        limit = click.option(
            "--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="The largest number of rows."
        )
        return click.option("--after", default="", help=f"Continue after this {behind}.")(limit(command))

    return add
