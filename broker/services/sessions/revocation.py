"""Access ends at once: whatever a person holds in browsers and applications is over with this transaction (SC-06, HT-8)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.storage.engine import Connection
from broker.storage.oauth import grants, sessions


@dataclass(frozen=True, slots=True)
class Ended:
    """What was ended. clients: the client ids of the applications that held a grant, for telling them (HP-43)."""

    sessions: int
    clients: tuple[str, ...]


def end_access(tx: Connection, person_id: str, now: int) -> Ended:
    """End every session and grant of a person: with a grant go its codes, access and refresh tokens, offline ones too.

    Every use of a code or token asks for its grant, session and person (HP-36), so this holds on every node by the next
    request. Consents, assignments and identities stay.
    """
    count = sessions.end_of_person(tx, person_id, now)
    return Ended(count, tuple(grants.end_of_person(tx, person_id, now)))
