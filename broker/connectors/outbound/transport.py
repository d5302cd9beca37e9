"""Parts of the outbound client: a deadline for every read, places for calls, idle connections."""

from __future__ import annotations

import errno
import http.client
import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from urllib3.connection import HTTPConnection

from broker.connectors.outbound.address_policy import HttpFailure, Target

IDLE_SECONDS = 4.0  # shorter than servers usually keep an idle connection
IDLE_CONNECTIONS = 64
_WORDS = {
    errno.ECONNREFUSED: "connection refused: nothing listens there",
    errno.ECONNRESET: "connection reset: the other side, or a firewall between, broke it off",
    errno.EHOSTUNREACH: "no route to the host from here",
    errno.ENETUNREACH: "no route to the network from here",
    errno.EACCES: "not permitted: a firewall of this machine refuses it",
    errno.EPERM: "not permitted: a firewall of this machine refuses it",
}


def connection_fault(error: BaseException) -> str:
    """The system's error in our own words."""
    cause = error if isinstance(error, OSError) else error.__cause__
    number = cause.errno if isinstance(cause, OSError) else None
    return _WORDS.get(number or 0, f"no connection ({type(cause or error).__name__})")


class Deadline:
    """The end of one request on the monotonic clock."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds left; raises TimeoutError if there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left


class TimedReader(io.RawIOBase):
    """Reads a socket; every read ends with the deadline, so that a slow server cannot hold a request open (OU-22, SM-10)."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._raw, self._sock, self._deadline = raw, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def timed_response(deadline: Deadline) -> Callable[..., http.client.HTTPResponse]:
    """A response class that reads head and body under one deadline."""

    def build(sock: socket.socket, *args: Any, **options: Any) -> http.client.HTTPResponse:
        response = http.client.HTTPResponse(sock, *args, **options)
        response.fp = io.BufferedReader(TimedReader(response.fp.detach(), sock, deadline))
        return response

    return build


class Places:
    """Limits the simultaneous calls to one host and to all hosts; a call does not wait for a place (HW-11, FA-02).

    A call holds a thread, so one host that hangs must not hold all threads. A further call to it would only wait behind calls
    that do not end.
    """

    def __init__(self, each: int, all_hosts: int) -> None:
        """each: of one host. all_hosts: of all together."""
        self._each, self._all = each, all_hosts
        self._taken: dict[str, int] = {}
        self._lock = threading.Lock()

    @classmethod
    def of_threads(cls, threads: int) -> Places:
        """For a process with this number of threads: calls hold at most half of them, calls to one host a quarter."""
        return cls(max(1, threads // 4), max(1, threads // 2))

    @contextmanager
    def place(self, host: str) -> Iterator[None]:
        """Raises HttpFailure(upstream_busy) if no place is free."""
        with self._lock:
            mine = self._taken.get(host, 0)
            if mine >= self._each or sum(self._taken.values()) >= self._all:
                raise HttpFailure(
                    "upstream_busy", f"{mine} calls to {host} are under way, and {sum(self._taken.values())} in all"
                )
            self._taken[host] = mine + 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[host] -= 1
                if not self._taken[host]:
                    del self._taken[host]


class Idle:
    """Idle connections: few, young, of this process only, each for the address that was checked."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: list[tuple[tuple[str, str, int], HTTPConnection, float]] = []
        self._pid = os.getpid()

    def take(self, target: Target) -> HTTPConnection | None:
        key = (target.scheme, target.host, target.port)
        with self._lock:
            self._forget_old()
            for index in range(len(self._kept) - 1, -1, -1):
                if self._kept[index][0] == key:
                    connection = self._kept.pop(index)[1]
                    if connection.is_connected:
                        return connection
                    connection.close()
        return None

    def keep(self, target: Target, connection: HTTPConnection) -> None:
        with self._lock:
            self._forget_old()
            self._kept.append(((target.scheme, target.host, target.port), connection, self._clock() + IDLE_SECONDS))
            while len(self._kept) > IDLE_CONNECTIONS:
                self._kept.pop(0)[1].close()

    def _forget_old(self) -> None:
        if self._pid != os.getpid():  # a forked child shares the sockets: two processes would write to one connection
            self._kept.clear()
            self._pid = os.getpid()
        now = self._clock()
        while self._kept and self._kept[0][2] <= now:
            self._kept.pop(0)[1].close()

    def close(self) -> None:
        with self._lock:
            while self._kept:
                self._kept.pop()[1].close()
