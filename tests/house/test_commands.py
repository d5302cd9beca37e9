"""The commands are documented, start fast, and refuse to run without their checks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from broker.cli import broker
from tests.house.source import ROOT

HEAVY = (
    "flask",
    "sqlalchemy",
    "alembic",
    "pydantic",
    "yaml",
    "pyop",
    "oic",
    "jwkest",
    "saml2",
    "cryptography",
    "babel",
    "urllib3",
    "gunicorn",
)


def documented() -> dict[str, str]:
    """The README's table: command -> its words."""
    table = (ROOT / "README.md").read_text().split("## Commands", 1)[1].split("## ", 1)[0]
    return dict(re.findall(r"^\| `broker ([a-z-]+)` \| (.+) \|$", table, re.MULTILINE))


def commands() -> dict[str, click.Command]:
    """Every command by its name."""
    context = click.Context(broker)
    found = {name: broker.get_command(context, name) for name in broker.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def test_every_command_is_in_the_readme():
    """The table names each command of `broker --help`, and no other."""
    assert set(documented()) == set(commands())


def test_every_subcommand_is_in_the_readme():
    """A group's row names its commands."""
    for name, command in commands().items():
        if isinstance(command, click.Group):
            missing = [sub for sub in command.list_commands(click.Context(command)) if f"`{sub}`" not in documented()[name]]
            assert missing == [], name


@pytest.mark.parametrize("arguments", [("--help",), ("serve", "--help"), ("invite", "--help"), ("guests", "list", "--help")])
def test_help_loads_no_library(arguments: tuple[str, ...]):
    """Start fast: what a command uses it imports when it is used."""
    code = (
        f"import sys; sys.argv[1:] = {list(arguments)!r}\n"
        "from broker.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"
    assert "Usage: broker" in done.stdout


def test_refuses_to_run_without_assertions(tmp_path: Path):
    """HT-11: under python -O nothing starts; one clear line, status 1."""
    done = subprocess.run([sys.executable, "-O", "-m", "broker", "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "-O" in done.stderr


def test_first_lines_of_help_are_not_cut():
    """In a terminal of 80 columns the first sentence of each command fits beside its name (found.md, section E)."""
    cut = []
    for name, command in commands().items():
        subcommands = command.commands if isinstance(command, click.Group) else {}
        width = 80 - 6 - max((len(sub) for sub in subcommands), default=0)
        cut += [f"{name} {sub}" for sub, one in subcommands.items() if one.get_short_help_str(width).endswith("...")]
    assert cut == []
