"""How long and how much a connection may ask for; docs/operations.md says the same to operators."""

from __future__ import annotations

import resource

REQUEST = 15.0  # seconds from the first byte of a request to the last of its body (408)
ANSWER = 30.0  # for an answer to be taken
QUIET = 15.0  # for the first byte on a new connection
KEEP = 5.0  # for the next request on a connection that had one
ENDING = 2.0  # for the other end to close after the last answer
LEAVING = 1.0  # a worker that stops waits so long for a request that may be under way on a kept connection
CONNECTIONS = 1_000  # at a time, fewer where the system allows fewer open files
HELD = 64 * 1024 * 1024  # bytes of requests that are not whole yet
WAITING = 200  # whole requests that wait for a thread
PATIENCE = 5.0  # seconds that one may wait: after it the answer would come to nobody, and others wait behind it (RX-08)
_FILES = 200  # open files for everything but connections


def room() -> int:
    """How many connections a worker holds: the system's limit of open files is raised as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(16, min(CONNECTIONS, soft - _FILES))
