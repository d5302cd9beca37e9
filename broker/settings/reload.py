"""The settings that hold now. A reload is all or nothing: a bad file never replaces a good one."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from broker.settings import draft as drafts
from broker.settings.draft import Draft
from broker.settings.errors import ConfigError, ConfigErrors
from broker.settings.load import Settings, read, settled
from broker.settings.sources import FOLDERS, Reading

_FIXED = ("issuer", "database")

_Stamp = tuple[str, int, int, int]


class CurrentSettings:
    """One reference, swapped as a whole; safe to ask from every thread."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        """Loads. Raises ConfigErrors: without a good first set nothing can serve."""
        self._home = home
        self._environ = environ
        self._lock = threading.Lock()
        self._seen: frozenset[_Stamp] = frozenset()
        self._read: set[Path] = set()
        self._errors: tuple[ConfigError, ...] = ()
        self._current = self._load(None)

    def get(self) -> Settings:
        """The last good set."""
        return self._current

    @property
    def errors(self) -> tuple[ConfigError, ...]:
        """Why the files as they are now are not in force; empty if they are."""
        return self._errors

    @property
    def mark(self) -> str:
        """A short name of the files as last looked at, good or bad: the same in every process of a node."""
        return hashlib.sha256(repr(sorted(self._seen)).encode()).hexdigest()[:16]

    def check(self, draft: Draft, *, also_set: Mapping[str, str] | None = None) -> tuple[ConfigError, ...]:
        """What is wrong with a file that is not in config/ yet. also_set: environment variables that stand for those still to be set."""
        return drafts.judge(self._home, {**(also_set or {}), **self._environ}, draft).errors

    def is_set(self, variable: str) -> bool:
        """Whether this process has an environment variable."""
        return variable in self._environ

    def refresh(self) -> list[ConfigError]:
        """Load the new set, then swap. Returns the errors; if there are any, the old set stays."""
        with self._lock:
            try:
                self._current = self._load(self._current)
            except ConfigErrors as errors:
                self._errors = tuple(errors.errors)
                return errors.errors
            self._errors = ()
        return []

    def changed(self) -> bool:
        """Whether a file came, went or changed since the last look, good or bad. Costs a stat a file, no reading."""
        return _stamps(self._home, self._read) != self._seen

    def _load(self, running: Settings | None) -> Settings:
        before = _stamps(self._home, self._read)  # before reading: what changes meanwhile is seen as a change
        reading = read(self._home, self._environ)
        new = reading.read - self._read
        self._read = reading.read
        self._seen = before if not new else _stamps(self._home, self._read)
        found = settled(reading)
        if running is not None and (fixed := list(_fixed(reading, running, found))):
            raise ConfigErrors(fixed)
        return found


def _fixed(reading: Reading, running: Settings, found: Settings) -> Iterator[ConfigError]:
    """What a process cannot change while it serves: cookies, tokens and connections stand on it."""
    tree = next(source.tree for source in reading.of("broker"))
    for key in _FIXED:
        if getattr(found.broker, key) != getattr(running.broker, key):
            yield tree.error((key,), "is not what this process runs with; restart the broker to use it")


def _stamps(home: Path, others: Iterable[Path]) -> frozenset[_Stamp]:
    """Name, inode, size and time of every file that counts."""
    found: set[_Stamp] = set()
    for folder in ("", *FOLDERS.values()):
        try:
            with os.scandir(home / "config" / folder) as entries:
                found.update(_stamp(f"{folder}/{e.name}", e.stat()) for e in entries if e.name.endswith(".yaml") and e.is_file())
        except OSError:
            continue
    for path in others:
        try:
            found.add(_stamp(str(path), path.stat()))
        except OSError:
            found.add((str(path), 0, 0, 0))
    return frozenset(found)


def _stamp(name: str, status: os.stat_result) -> _Stamp:
    return (name, status.st_ino, status.st_size, status.st_mtime_ns)
