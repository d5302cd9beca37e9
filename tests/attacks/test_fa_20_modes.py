"""FA-20: other users of the machine could read var/ and the database."""

from __future__ import annotations

import stat
from email.message import EmailMessage
from pathlib import Path

import pytest

from broker.mail.folder import FolderTransport
from broker.storage import migrate
from broker.storage.engine import Database
from broker.storage.modes import too_open
from tests.cli.conftest import make_home, run


def mode(path: Path) -> int:
    """Its permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_fa_20_what_is_made_is_the_owners(tmp_path: Path) -> None:
    """FA-20: folder, database and the files beside it, however open the umask is; a folder of mails, too."""
    import os

    before = os.umask(0)
    try:
        database = Database("sqlite:///var/broker.db", base=tmp_path)
        migrate.upgrade(database)
        with database.write():
            beside = {path.name: mode(path) for path in (tmp_path / "var").iterdir()}
        database.close()
        message = EmailMessage()
        message["Date"] = "Sun, 29 Nov 2026 12:00:00 +0000"
        message["Message-ID"] = "<1@localhost>"
        FolderTransport(tmp_path / "mails").send(message, "ada@fabrikam.example")
    finally:
        os.umask(before)
    assert mode(tmp_path / "var") == mode(tmp_path / "mails") == 0o700
    assert set(beside) >= {"broker.db", "broker.db-wal", "broker.db-shm"}
    assert set(beside.values()) == {0o600}
    assert [mode(path) for path in (tmp_path / "mails").iterdir()] == [0o600]
    assert too_open(tmp_path / "var" / "broker.db", [tmp_path / "mails"]) == []


def test_fa_20_what_is_too_open_is_said(tmp_path: Path, sqlite_url: str) -> None:
    """FA-20: `check` names each folder and file with the command that mends it, and is silent after that."""
    home = make_home(tmp_path, sqlite_url)
    database, mails = tmp_path / "var" / "broker.db", tmp_path / "var" / "mail"
    mails.mkdir()
    mails.chmod(0o750)
    database.chmod(0o644)
    database.parent.chmod(0o755)
    said = run(home, "check")
    assert said.returncode == 0
    assert f"{database.parent}: has mode 0755, others could read it; run: chmod 0700 {database.parent}" in said.stderr
    assert f"{database}: has mode 0644, others could read it; run: chmod 0600 {database}" in said.stderr
    assert f"{mails}: has mode 0750, others could read it; run: chmod 0700 {mails}" in said.stderr
    for line in said.stderr.splitlines():
        if "run: chmod" in line:
            word, path = line.rpartition("chmod ")[2].split()
            Path(path).chmod(int(word, 8))
    assert "has mode" not in run(home, "check").stderr


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql+psycopg://localhost/broker"])
def test_fa_20_what_is_no_file_is_left_alone(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """FA-20: a database in memory or elsewhere makes no folder here."""
    from broker.storage.engine import resolve

    assert resolve(url, tmp_path) == url
    assert list(tmp_path.iterdir()) == []
