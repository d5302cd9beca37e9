"""Memory that the workers of one server share: each adds up its figures on a page of its own, and each can read all pages.

The memory is anonymous (no file, so nothing is left behind) and made before the first fork. A worker that dies leaves its page;
the worker that takes its place goes on with it, so that a counter never falls while the server runs (decision 0023).
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Iterator

PAGE = 1024 * 1024  # bytes
_HEAD = 16  # bytes: how many are in use, and the process that writes
# Native formats at multiples of eight bytes: each number is written and read at once, never one half before the other.
_WORD = struct.Struct("@Q")
_ENTRY = struct.Struct("@II")  # bytes of the key, numbers
_NUMBER = struct.Struct("@d")

Key = tuple[str, ...]  # a figure's name, then the values of its labels


class Board:
    """So many pages. What a page holds is written by one process at a time."""

    def __init__(self, pages: int) -> None:
        """pages: at least one."""
        self.pages = pages
        self._memory = mmap.mmap(-1, pages * PAGE)

    def open(self, page: int) -> Sheet:
        """The page, for the one process that may write to it now."""
        return Sheet(memoryview(self._memory)[page * PAGE : (page + 1) * PAGE])

    def leave(self, page: int) -> None:
        """Its process has ended."""
        _WORD.pack_into(self._memory, page * PAGE + 8, 0)

    def read(self) -> Iterator[tuple[bool, Key, tuple[float, ...]]]:
        """(whether the process lives, key, numbers) of every entry of every page."""
        for page in range(self.pages):
            memory = memoryview(self._memory)[page * PAGE : (page + 1) * PAGE]
            lives = bool(_WORD.unpack_from(memory, 8)[0])
            for key, at, count in _entries(memory):
                yield lives, key, struct.unpack_from(f"@{count}d", memory, at)


class Sheet:
    """One page as its process writes to it. Its caller keeps threads apart."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self.places: dict[Key, int] = {key: at for key, at, _ in _entries(memory)}
        _WORD.pack_into(memory, 8, os.getpid())

    def add(self, key: Key, count: int) -> int | None:
        """A place for so many numbers, 0 at first; None if the page is full.

        The entry counts only when the page's size says so: a process that ends meanwhile leaves no half of one.
        """
        text = json.dumps(key).encode("ascii")
        text += b" " * (-len(text) % 8)
        used = _used(self._memory)
        at = used + _ENTRY.size + len(text)
        if at + 8 * count > PAGE:
            return None
        self._memory[used : at + 8 * count] = _ENTRY.pack(len(text), count) + text + bytes(8 * count)
        _WORD.pack_into(self._memory, 0, at + 8 * count)
        self.places[key] = at
        return at

    def increase(self, at: int, amount: float) -> None:
        """Add to the number at a place."""
        _NUMBER.pack_into(self._memory, at, _NUMBER.unpack_from(self._memory, at)[0] + amount)

    def put(self, at: int, value: float) -> None:
        """The number at a place."""
        _NUMBER.pack_into(self._memory, at, value)


def _used(memory: memoryview) -> int:
    return max(_HEAD, int(_WORD.unpack_from(memory, 0)[0]))


def _entries(memory: memoryview) -> Iterator[tuple[Key, int, int]]:
    """(key, place of its numbers, how many)."""
    at, end = _HEAD, _used(memory)
    while at < end:
        length, count = _ENTRY.unpack_from(memory, at)
        at += _ENTRY.size
        yield tuple(json.loads(bytes(memory[at : at + length]))), at + length, count
        at += length + 8 * count
