"""Where a request ends in the bytes of a connection (RFC 9112 6): enough to know when it is whole.

The framing decides nothing else. What it cannot read exactly it hands on as a head alone, after which the connection ends, and
the parser refuses the head: no second reading of the same bytes can lead to another request (request smuggling).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

LINE = 32 * 1024  # bytes of a request line; from 16 KiB the answer is a page, above this limit a line of text (FA-11)
HEAD = 96 * 1024  # the request line and all headers
_EMPTY = 4  # lines before a request
_CHUNKS = 2_000  # of one body
_CHUNK_LINE = 1024
_TRAILER = 8 * 1024
_LENGTH = re.compile(rb"[0-9]{1,12}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class Refused(Exception):
    """The request is refused while it is read. status: of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole request. size: its bytes. head: those of its head. is_last: the connection ends with its answer."""

    size: int
    head: int
    is_last: bool


class Framing:
    """Reads one request's framing from bytes that come piece by piece; no byte is looked at again and again."""

    def __init__(self, body_limit: Callable[[bytes], int]) -> None:
        """body_limit: the target's bytes -> how large a body may be."""
        self._body_limit = body_limit
        self._seen = 0
        self._empty = 0
        self._head = 0
        self._size: int | None = None
        self._is_last = False
        self._at = 0
        self._chunks = 0
        self._limit = 0
        self.wants_continue = False

    def feed(self, data: bytearray) -> Frame | None:
        """The request at the beginning of `data`, None while it is not whole. Raises Refused. A few empty lines before it are removed."""
        if not self._head and not self._read_head(data):
            return None
        if self._size is None:
            self._size = self._chunked_end(data)
        if self._size is None or len(data) < self._size:
            return None
        return Frame(self._size, self._head, self._is_last)

    def _read_head(self, data: bytearray) -> bool:
        if not self._seen:
            while data[:2] == b"\r\n":  # RFC 9112 2.2
                del data[:2]
                self._empty += 1
                if self._empty > _EMPTY:
                    raise Refused(400)
            if bytes(data[:2]) in {b"", b"\r"}:
                return False
        if len(data) > LINE and data.find(b"\r\n", 0, LINE + 2) < 0:
            raise Refused(414)
        end = data.find(b"\r\n\r\n", max(0, self._seen - 3))
        self._seen = len(data)
        if end > HEAD or (end < 0 and len(data) > HEAD):
            raise Refused(431)
        if end < 0:
            return False
        self._head = end + 4
        self._judge(bytes(data[:end]))
        return True

    def _judge(self, head: bytes) -> None:
        """What follows the head: nothing, so many bytes, chunks, or what is not read at all."""
        first, *lines = head.split(b"\r\n")
        lengths: list[bytes] = []
        codings: list[bytes] = []
        is_current = first.endswith(b" HTTP/1.1")
        keeps = is_current
        for line in lines:
            name, _, value = line.partition(b":")
            match name.strip().lower():
                case b"content-length":
                    lengths.append(value.strip(b" \t"))
                case b"transfer-encoding":
                    codings.append(value.strip(b" \t").lower())
                case b"connection" if b"close" in value.lower():
                    keeps = False
                case b"expect" if value.strip(b" \t").lower() == b"100-continue":
                    self.wants_continue = is_current
        self._is_last = not keeps
        self._limit = self._body_limit(first)
        if not lengths and not codings:
            self._size = self._head
        elif codings == [b"chunked"] and not lengths:
            self._at = self._head
        elif not codings and len(lengths) == 1 and _LENGTH.fullmatch(lengths[0]) and int(lengths[0]) <= self._limit:
            self._size = self._head + int(lengths[0])
        else:  # too large, or said in two ways: the head says so by itself
            self._size, self._is_last, self.wants_continue = self._head, True, False
        if self._size == self._head:
            self.wants_continue = False

    def _chunked_end(self, data: bytearray) -> int | None:
        """Where the last chunk's trailer ends (RFC 9112 7.1)."""
        while True:
            end = data.find(b"\r\n", self._at, self._at + _CHUNK_LINE)
            if end < 0:
                if len(data) - self._at > _CHUNK_LINE:
                    raise Refused(400)
                return None
            size = bytes(data[self._at : end]).partition(b";")[0].strip(b" \t")
            if not _CHUNK_SIZE.fullmatch(size):
                raise Refused(400)
            if not int(size, 16):
                return self._trailer_end(data, end)
            after = end + 2 + int(size, 16) + 2
            self._chunks += 1
            if after - self._head > self._limit or self._chunks > _CHUNKS:
                raise Refused(413)
            if len(data) < after:
                self._chunks -= 1
                return None
            self._at = after

    @staticmethod
    def _trailer_end(data: bytearray, line_end: int) -> int | None:
        end = data.find(b"\r\n\r\n", line_end, line_end + _TRAILER)
        if end < 0 and len(data) - line_end > _TRAILER:
            raise Refused(431)
        return end + 4 if end >= 0 else None
