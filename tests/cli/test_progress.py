"""Long lists on a terminal: a bar on standard error, a clean table on standard output."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from broker.services.policies.export import lines
from tests.cli.conftest import environment
from tests.services.test_policy_replay import past


def on_a_terminal(home: Path, *words: str) -> tuple[int, str, str]:
    """(exit status, standard output, what the terminal of standard error showed)."""
    leader, follower = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        while True:
            try:
                some = os.read(leader, 4096)
            except OSError:  # Linux says EIO when the last one has closed the terminal
                return
            if not some:
                return
            shown.append(some)

    reader = threading.Thread(target=read)
    reader.start()
    child = subprocess.Popen(
        [sys.executable, "-m", "broker", *words],
        env={**environment(home), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
    )
    os.close(follower)
    out, _ = child.communicate(timeout=120)
    reader.join(10)
    os.close(leader)
    return child.returncode, out, b"".join(shown).decode()


@pytest.mark.parametrize(("rows", "bar"), [(260, True), (20, False)])
def test_progress_of_a_list(home: Path, rows: int, bar: bool) -> None:
    """A long list has a bar that reaches its end, a short one has none; every row is on standard output either way."""
    path = home / "list.csv"
    path.write_text("email\n" + "".join(f"guest{n}@fabrikam.example\n" for n in range(rows)))
    status, out, terminal = on_a_terminal(home, "invite", "--csv", str(path), "--no-mail")
    assert status == 0
    assert len(out.splitlines()) == rows + 1
    assert "\r" not in out
    assert ("100%" in terminal, "list.csv" in terminal) == (bar, bar)
    status, out, terminal = on_a_terminal(home, "invite", "--csv", str(path), "--no-mail", "--json")
    assert (status, terminal) == (0, "")


def test_progress_is_for_terminals(home: Path) -> None:
    """Without a terminal standard error stays empty: it may be a log."""
    path = home / "list.csv"
    path.write_text("email\n" + "".join(f"guest{n}@fabrikam.example\n" for n in range(260)))
    line = [sys.executable, "-m", "broker", "invite", "--csv", str(path), "--no-mail"]
    child = subprocess.run(line, env=environment(home), capture_output=True, text=True, check=False, timeout=120)
    assert (child.returncode, child.stderr) == (0, "")


def test_progress_of_a_replay(home: Path) -> None:
    """The count goes before the report comes: nothing of it stays on the terminal, nor where an error ends the work."""
    file = home / "sign-ins.jsonl"
    now = int(time.time())
    written = [*lines((replace(one, at=now - 60) for one in past(2500)), since=now - 3600, until=now)]
    file.write_text("\n".join(written) + "\n", "utf-8")
    status, out, terminal = on_a_terminal(home, "policy", "replay", "--from", str(file))
    assert (status, out.splitlines()[0]) == (0, "2500 sign-ins evaluated again")
    assert terminal == "\r1000 sign-ins\r2000 sign-ins\r" + " " * 13 + "\r"
    file.write_text("\n".join([*written[:1500], "broken"]) + "\n", "utf-8")
    status, _out, terminal = on_a_terminal(home, "policy", "replay", "--from", str(file))
    assert status == 1
    assert terminal.startswith("\r1000 sign-ins\r" + " " * 13 + f"\r{file}: line 1501")
