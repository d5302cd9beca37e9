"""Inviting by list: `broker invite --csv` of 1,000 and 10,000 rows on SQLite, as the command runs. Prints JSON.

    .venv/bin/python bench/invitations.py [--rows 1000 10000]

Seconds of the whole command (start included), of its CPU, the peak of its memory, and the statements of one invitation with its
mail. Mails go into the outbox; the first 200 are sent by the command itself, into a folder. Reach: 10,000 rows under 60 s with
flat memory, at most 6 statements an invitation.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from sqlalchemy import event

from broker.app import build
from broker.domain.audit import Actor
from broker.keyring.root import create_root
from broker.services.invitations.invitations import InvitationRequest
from broker.storage.migrate import upgrade

REACH = {"seconds": 60.0, "statements": 6}
ROOT = Path(__file__).parent.parent


def home_in(folder: Path) -> Path:
    """A company with one partner and an application, on SQLite."""
    config = folder / "config"
    for name in ("partners", "applications"):
        (config / name).mkdir(parents=True)
    (config / "broker.yaml").write_text("issuer: https://login.contoso.example\norganization: {name: Contoso}\n")
    (config / "partners" / "fabrikam.yaml").write_text(
        "name: Fabrikam\ndomains: [fabrikam.example]\n"
        "oidc: {issuer: https://login.fabrikam.example, client_id: contoso, client_secret: a-long-secret-0123456789-abcdefgh}\n"
    )
    (config / "applications" / "payroll.yaml").write_text(
        "name: Payroll\nredirect_uris: [https://payroll.contoso.example/callback]\n"
    )
    (folder / "keys").mkdir()
    create_root(folder / "keys")
    return folder


def listed(path: Path, rows: int) -> Path:
    """A list of guests, each with a name, a message and a language."""
    lines = (
        f"guest{n}@fabrikam.example,Guest {n},Welcome to the project,{('en', 'nl', 'de', 'fr')[n % 4]},payroll"
        for n in range(rows)
    )
    path.write_text("email,name,message,language,application\n" + "\n".join(lines) + "\n")
    return path


def command(home: Path, *words: str) -> dict[str, Any]:
    """One run of the command: seconds, CPU, peak memory."""
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        out = os.open(os.devnull, os.O_WRONLY)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "broker", "invite", *words, "--home", str(home)])
    _, status, used = os.wait4(pid, 0)
    return {
        "exit_status": os.waitstatus_to_exitcode(status),
        "seconds": round(time.monotonic() - started, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(used.ru_maxrss / 1024, 1),
    }


def statements(home: Path) -> int:
    """How many statements one invitation of a new guest takes, its mail included."""
    broker, count = build(home, environ={}), [0]
    upgrade(broker.core.db)

    def note(*_said: Any) -> None:
        count[0] += 1

    event.listen(broker.core.db.writer, "before_cursor_execute", note)
    broker.invitations.invitations.invite(
        Actor.command(), InvitationRequest(email="one@fabrikam.example", application="payroll", mail=True)
    )
    broker.close()
    return count[0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000])
    sizes = parser.parse_args().rows
    found: dict[str, Any] = {"python": platform.python_version(), "database": "sqlite", "reach": REACH}
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        found["statements_of_an_invitation"] = statements(home_in(base / "one"))
        for rows in sizes:
            home = home_in(base / str(rows))
            words = ("--csv", str(listed(base / f"{rows}.csv", rows)))
            figures = {"dry_run": command(home, *words, "--dry-run")}
            figures |= {"invite": command(home, *words), "again": command(home, *words)}
            found[f"rows_{rows}"] = figures
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
