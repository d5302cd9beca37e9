"""`python -m tests.deep.cluster.dying FILE WORDS...`: the command `broker WORDS`, which kills itself by SIGKILL at a commit.

FILE holds `before N` or `after N`: the N-th commit from now on that a request makes (of a command: that it makes at all) is the point. A
process that takes the point removes the file. Nothing of Python runs after that: no exception, no `finally`, no answer.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

import psycopg
from flask import has_request_context

from broker.__main__ import main


class Point:
    """The point at which the process group ends."""

    def __init__(self, file: Path, *, serves: bool) -> None:
        self._file, self._serves = file, serves
        self._lock, self._seen, self._armed = threading.Lock(), 0, ""

    def reached(self, when: str) -> bool:
        """Whether this commit is the point; counts it `before`."""
        if self._serves and not has_request_context():
            return False  # the work in the background has commits of its own
        with self._lock:
            armed = self._file.read_text("utf-8") if self._file.exists() else ""
            if armed != self._armed:
                self._seen, self._armed = 0, armed
            if not armed:
                return False
            self._seen += when == "before"
            return armed == f"{when} {self._seen}"

    def die(self) -> NoReturn:
        """Take the point, then end the master and all workers."""
        self._file.unlink()
        os.killpg(0, signal.SIGKILL)
        raise SystemExit  # never reached


def install(point: Point) -> None:
    """Ask at every commit of the driver."""
    commit = psycopg.Connection.commit

    def dying(self: psycopg.Connection) -> None:
        if point.reached("before"):
            point.die()
        commit(self)
        if point.reached("after"):
            point.die()

    psycopg.Connection.commit = dying  # type: ignore[method-assign,assignment]  # for every row type


if __name__ == "__main__":
    words = sys.argv[2:]
    install(Point(Path(sys.argv[1]), serves="serve" in words))
    sys.argv = ["broker", *words]
    main()
