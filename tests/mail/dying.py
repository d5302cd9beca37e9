"""A node as a process of its own, which is killed by SIGKILL at one point: `python -m tests.mail.dying HOME NOW POINT`.

Nothing of Python runs after that: no exception, no `finally`, no connection that says goodbye.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import NoReturn

from broker.app import Broker, build
from broker.mail.port import MailTransport
from broker.mail.smtp import SmtpTransport
from broker.services.authorization import rights_of
from broker.services.invitations.invitations import InvitationRequest
from broker.services.invitations.request import plan_of
from broker.services.messages.outbox import Outbox
from tests.journeys.world import ACTOR, SECRET

POINTS = ("invitation uncommitted", "leased, not connected", "accepted, not committed", "committed", "never")


def die() -> NoReturn:
    """At once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit  # never reached


class Dying:
    """A mail server's end that kills its process: before it connects, after the server accepted a mail, or before the next."""

    def __init__(self, inner: SmtpTransport, point: str) -> None:
        self._inner, self._point, self._sent = inner, point, 0

    def send(self, message: EmailMessage, recipient: str) -> None:
        """Send, and perhaps never return."""
        if self._point == "leased, not connected" or (self._point == "committed" and self._sent == 1):
            die()
        self._inner.send(message, recipient)
        self._sent += 1
        if self._point == "accepted, not committed":
            die()

    def close(self) -> None:
        """End the connection."""
        self._inner.close()


def node(broker: Broker, point: str, clock: int) -> Outbox:
    """An outbox whose clock stands still, and whose mails leave by a connection that may kill us."""

    def transport(server: str, _base: Path, host: str) -> MailTransport:
        return Dying(SmtpTransport(server, host), point)

    return Outbox(replace(broker.core, clock=lambda: clock), broker.sealer, broker.messages.outbox._write, transport)


def main() -> None:
    """Do one piece of a node's work."""
    home, clock, point = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    broker = build(home, environ={"SECRET": SECRET}, clock=lambda: clock)
    if point == "invitation uncommitted":
        settings, request = broker.core.settings(), InvitationRequest(email="new@fabrikam.example", mail=True)
        with broker.core.db.write() as tx:
            plan = plan_of(settings, ACTOR, rights_of(tx, settings, ACTOR, clock), request, clock)
            broker.invitations.invitations.carry_out(tx, ACTOR, plan, clock)
            die()
    node(broker, point, clock).deliver()


if __name__ == "__main__":
    main()
