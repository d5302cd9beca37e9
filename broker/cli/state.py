"""What others on this machine could read of the state: the SQLite file, its folder, and a folder of mails (FA-20)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from broker.settings.model import BrokerFile


def readable_by_others(file: BrokerFile, home: Path) -> list[str]:
    """A warning for each, with what to run."""
    from broker.storage.modes import path_of, too_open

    home = home.resolve()
    kind, _, folder = file.mail.server.partition(":")
    folders = [home / folder] if kind == "folder" else []
    return too_open(path_of(file.database, home), folders)
