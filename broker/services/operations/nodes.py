"""Serving processes: each says which config it uses, so that one with other files is found (HT-20)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from broker.services.core import Core
from broker.storage.operations import rate_limits

LIFETIME = 60  # seconds that a note holds


def own_name() -> str:
    """This process: host and process id."""
    return f"{host_name()}:{os.getpid()}"


def host_name() -> str:
    """This machine, as short as a lease's name needs it."""
    return socket.gethostname()[:40]


class Nodes:
    """The processes that serve now."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def note(self) -> None:
        """This process serves with these files."""
        digest = self._settings().digest
        with self._db.write() as tx:
            rate_limits.note_node(tx, own_name(), digest, self._clock() + LIFETIME)

    def seen(self) -> Mapping[str, str]:
        """host:pid -> config digest of every process that serves."""
        with self._db.read() as tx:
            return rate_limits.nodes(tx, self._clock())

    def differing(self) -> Mapping[str, str]:
        """Those whose files are not this process's."""
        own = self._settings().digest
        return {node: digest for node, digest in self.seen().items() if digest != own}
