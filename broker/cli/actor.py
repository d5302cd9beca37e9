"""Who runs a command: the system user and the machine, as the audit names them (FC-06)."""

from __future__ import annotations

import os
import pwd
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from broker.domain.audit import Actor


def command_actor() -> Actor:
    """`USER@HOST` of this process. The user is the kernel's word, not the environment's."""
    from broker.domain.audit import Actor

    uid = os.geteuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container runs as a number that nobody gave a name to
        user = str(uid)
    return Actor.command(f"{user[:60]}@{socket.gethostname()[:60]}")
