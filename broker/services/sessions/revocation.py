"""Ends all access of a person, in browsers and applications, with the caller's transaction (SC-06, HT-8)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.storage.engine import Connection
from broker.storage.oauth import grants, sessions


@dataclass(frozen=True, slots=True)
class Ended:
    """What was ended. clients: the client ids of the applications that had a grant, to notify them (HP-43)."""

    sessions: int
    clients: tuple[str, ...]


def end_access(tx: Connection, person_id: str, now: int) -> Ended:
    """Ends every session and grant of a person, with the codes and all tokens of each grant.

    Every use of a code or token checks its grant, session and person (HP-36), so this applies to the next request on every
    node. Consents, assignments and identities stay.
    """
    count = sessions.end_of_person(tx, person_id, now)
    return Ended(count, tuple(grants.end_of_person(tx, person_id, now)))
