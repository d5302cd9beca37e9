"""Who may read the SQLite file and its folder: its owner (FA-20). It holds people's addresses and sealed secrets."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.engine import make_url

FOLDER, FILE = 0o700, 0o600
_BESIDE = ("", "-wal", "-shm", "-journal")  # SQLite gives these files the mode of the database when it makes them


def path_of(url: str, base: Path | None) -> Path | None:
    """The database's file; None for PostgreSQL and for a database in memory."""
    parsed = make_url(url)
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name) if Path(name).is_absolute() or base is None else base / name


def prepare(path: Path) -> None:
    """Make the folder and the file if they are missing, for the owner alone whatever the umask is."""
    path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE)
    except OSError:
        return  # it is there, or cannot be made: SQLite says why
    os.close(handle)


def too_open(database: Path | None, folders: Iterable[Path] = ()) -> list[str]:
    """A line for each folder and file that others than the owner may read, with what to run."""
    asked: list[tuple[Path, int]] = []
    if database is not None:
        asked = [(database.parent, FOLDER), *((database.with_name(database.name + end), FILE) for end in _BESIDE)]
    asked += [(folder, FOLDER) for folder in folders]
    return [line for path, allowed in asked if (line := _line(path, allowed))]


def _line(path: Path, allowed: int) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ""
    return f"{path}: has mode {mode:04o}, others could read it; run: chmod {allowed:04o} {path}" if mode & ~allowed else ""
