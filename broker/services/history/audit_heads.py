"""The end of the audit's chain as this machine last saw it: outside the database, so that an older state put back is noticed (FA-09).

Each process keeps the greatest (number, head) in memory and in `var/audit-head`, and asks of every state that it meets whether
that end is still part of it. A person who can write to the database, and to nothing else, cannot make it so.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path

NAME = "audit-head"
LINE = re.compile(r"(?<![0-9])(\d{1,18}):([0-9a-f]{64})(?![0-9a-f])")

_log = logging.getLogger(__name__)

Head = tuple[int, str]


def read(text: str) -> list[Head]:
    """Every NUMBER:HEAD of a text: what `verify` printed, the file under var/, or lines of the log."""
    return [(int(found[1]), found[2]) for found in LINE.finditer(text)]


class Heads:
    """What was seen. One file a machine; its processes share it."""

    def __init__(self, home: Path | None = None) -> None:
        """home: without one, only the process remembers."""
        self._file = home / "var" / NAME if home is not None else None
        self._seen: Head | None = None
        self._writes = True

    def newest(self) -> Head | None:
        """The greatest end that this process or another one of this machine has seen."""
        known = [self._seen, *self._written()]
        return max((one for one in known if one is not None), default=None)

    def note(self, head: Head) -> None:
        """Remember an end that was judged to be good; the log says it where it moved."""
        before = self.newest()
        if before is not None and head <= before:
            return
        self._seen = head
        _log.info("audit.head %d:%s", *head)
        self._write(head)

    def forget(self) -> None:
        """A database was restored on purpose: what stands in it is the truth from now on."""
        self._seen = None
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _written(self) -> Iterable[Head]:
        try:
            return read(self._file.read_text("utf-8")) if self._file is not None else ()
        except (OSError, UnicodeDecodeError):
            return ()

    def _write(self, head: Head) -> None:
        """Replaced as a whole. A home that cannot be written leaves memory and log, and says so once."""
        if self._file is None or not self._writes:
            return
        draft = self._file.with_name(f"{NAME}.{os.getpid()}")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                out.write(f"{head[0]}:{head[1]}\n")
            draft.replace(self._file)
        except OSError as error:
            self._writes = False
            _log.warning("audit.head_not_written file=%s error=%s", self._file, type(error).__name__)
