"""No command leaves a connection to its database behind: the garbage collector is no way to close one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event
from sqlalchemy.pool import Pool

from broker.cli import broker
from broker.keyring.root import create_root
from tests.cli.conftest import ENVIRON
from tests.journeys.world import write_files

GUEST = "ada@fabrikam.example"
COMMANDS = [
    ["keys", "init"],
    ["keys", "list"],
    ["db", "upgrade"],
    ["check"],
    ["invite", GUEST, "--preview"],
    ["invite", GUEST, "--no-mail"],
    ["invite", GUEST, "--application", "nope"],
    ["invitations", "list"],
    ["guests", "list"],
    ["guests", "show", GUEST],
    ["guests", "show", "nobody@fabrikam.example"],
    ["guests", "delete", GUEST, "--yes"],
    ["groups", "list"],
    ["assign", "payroll", "--list"],
    ["applications", "list"],
    ["partners", "list"],
    ["sign-ins"],
    ["doctor", "fabrikam", "--offline"],
    ["policy", "what-if", "--user", GUEST, "--application", "payroll"],
    ["audit", "verify"],
    ["audit", "export"],
    ["maintain"],
    ["mail", "test", GUEST],
    ["db", "restored"],
]


@contextmanager
def connections() -> Iterator[set[int]]:
    """Those that are open: the names of whatever was connected and not closed."""
    opened: set[int] = set()

    def connected(dbapi: Any, _record: Any) -> None:
        opened.add(id(dbapi))

    def closed(dbapi: Any, *_: Any) -> None:
        opened.discard(id(dbapi))

    event.listen(Pool, "connect", connected)
    event.listen(Pool, "close", closed)
    try:
        yield opened
    finally:
        event.remove(Pool, "connect", connected)
        event.remove(Pool, "close", closed)


def test_every_command_closes_its_database(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of command, those that are refused too, has closed every connection when it ends."""
    home = tmp_path / "home"
    write_files(home, "http://localhost:9", database_url, "http://127.0.0.5:9", {"fabrikam": "http://127.0.0.2:9"})
    create_root(home / "keys")
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    left, all_of_them = {}, 0
    with connections() as opened:
        for words in COMMANDS:
            result = CliRunner().invoke(broker, [*words, "--home", str(home)])
            assert result.exit_code in (0, 1), (words, result.output)
            if opened:
                left[" ".join(words)] = len(opened)
            all_of_them += 1
            opened.clear()
    assert left == {}
    assert all_of_them == len(COMMANDS)
