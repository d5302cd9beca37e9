"""One connection of a worker: what came, what is to go, and until when."""

from __future__ import annotations

import socket
from collections.abc import Callable
from enum import Enum
from typing import Any

from broker.server.framing import Framing


class State(Enum):
    """What a connection is doing. Only the thread of the loop changes it."""

    READING = "reading"  # nothing, or a part of a request, has come
    WORKING = "working"  # a thread has its request
    WRITING = "writing"  # the answer is on its way
    ENDING = "ending"  # the last answer is sent: what still comes is thrown away, so that the answer is not


class Connection:
    """Bytes and deadlines of one socket."""

    def __init__(self, sock: socket.socket, client: Any, server: Any, body_limit: Callable[[bytes], int], until: float) -> None:
        """client, server: the socket's two names. body_limit: see Framing. until: when it ends if nothing comes."""
        self.sock = sock
        self.client = client
        self.server = server
        self.state = State.READING
        self.data = bytearray()
        self.out = memoryview(b"")
        self.until = until
        self.since = until  # the older, the sooner it makes room
        self.keep = True
        self._has_begun = False  # a byte of the next request has come, be it an empty line that was removed
        self._body_limit = body_limit
        self.framing = Framing(body_limit)

    @property
    def address(self) -> str:
        """Who is at the other end, for the log."""
        return str(self.client[0]) if isinstance(self.client, tuple) else "local"

    def take(self, size: int) -> bytes:
        """The first request's bytes; what follows is another's."""
        found = bytes(self.data[:size])
        del self.data[:size]
        self._has_begun = bool(self.data)
        self.framing = Framing(self._body_limit)
        return found

    def received(self, some: bytes, until: float) -> None:
        """Bytes have come. until: when the request must be whole, if these are its first: what follows moves no deadline (FA-01)."""
        if not self._has_begun:
            self._has_begun, self.until = True, until
        self.data += some

    def send(self, answer: bytes) -> bool:
        """Send what the socket takes at once and keep the rest; True if nothing is left. Raises OSError."""
        self.out = memoryview(answer)
        return self.flush()

    def flush(self) -> bool:
        """Go on sending; True if nothing is left. Raises OSError."""
        try:
            while self.out:
                self.out = self.out[self.sock.send(self.out) :]
        except (BlockingIOError, InterruptedError):
            return False
        return True

    def end(self) -> None:
        """Say that nothing more comes from here."""
        self.sock.shutdown(socket.SHUT_WR)
