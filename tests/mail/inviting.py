"""Twenty processes invite one address at the same moment: `python -m tests.mail.inviting HOME NOW`; prints what became of each."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from broker.app import build
from broker.services.invitations.invitations import InvitationRequest
from tests.journeys.world import ACTOR, SECRET
from tests.race import PARALLEL


def main() -> None:
    """Fork, wait for the signal, invite; each child writes one line to the pipe."""
    home, clock = Path(sys.argv[1]), int(sys.argv[2])
    broker = build(home, environ={"SECRET": SECRET}, clock=lambda: clock)  # connections open after the fork
    start_read, start_write = os.pipe()
    said_read, said_write = os.pipe()
    for _ in range(PARALLEL):
        if os.fork() == 0:
            os.close(start_write)
            os.read(start_read, 1)  # returns when the parent closes its end: all at once
            try:
                invited = broker.invitations.invitations.invite(
                    ACTOR, InvitationRequest(email="ada@fabrikam.example", application="payroll", mail=True)
                )
                line = json.dumps([invited.invitation.guest_id, invited.invitation.id])
            except BaseException:  # noqa: BLE001 - whatever it is, the parent is to see it
                line = json.dumps(["", traceback.format_exc()[-2000:]])
            os.write(said_write, line.encode() + b"\n")
            os._exit(0)
    os.close(said_write)
    os.close(start_write)
    with os.fdopen(said_read) as said:
        sys.stdout.write(said.read())
    for _ in range(PARALLEL):
        os.wait()


if __name__ == "__main__":
    main()
