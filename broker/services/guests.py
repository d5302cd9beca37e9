"""Guests as staff see them: listed, shown, their consents withdrawn."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import NotFound
from broker.domain.guest import Identity, Kind, Person
from broker.services import audit
from broker.services.addresses import canonical
from broker.storage import assignments, consents, grants, people
from broker.storage.engine import Connection, Database


@dataclass(frozen=True, slots=True)
class Shown:
    """One guest in full."""

    person: Person
    identities: Sequence[Identity]
    consents: Sequence[dict[str, Any]]


class Guests:
    """The directory."""

    def __init__(self, db: Database, clock: Callable[[], int]) -> None:
        self._db = db
        self._clock = clock

    def search(self, *, state: str | None, partner: str | None, text: str | None, after: str, limit: int) -> list[Person]:
        """Guests in the order of their addresses, a page behind `after`."""
        with self._db.read() as tx:
            return people.search(tx, kind=Kind.GUEST.value, state=state, partner=partner, text=text, after=after, limit=limit)

    def show(self, name: str) -> Shown:
        """A guest by address or id. Raises NotFound."""
        with self._db.read() as tx:
            person = _named(tx, name)
            return Shown(person, people.identities_of(tx, person.id), consents.listed(tx, person.id))

    def assigned(self, person_id: str) -> set[str]:
        """The client ids that a person is assigned to now."""
        with self._db.read() as tx:
            return assignments.applications_of(tx, person_id, self._clock())

    def withdraw_consent(self, actor: Actor, name: str, application: str) -> int:
        """Take back a guest's consent for an application; its grants there end. The number of grants. Raises NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            person = _named(tx, name)
            if not consents.withdraw(tx, person.id, application, now):
                raise NotFound(f"{person.email} has not agreed to anything for {application!r}", "consent_unknown")
            ended = len(grants.end_of_application(tx, person.id, application, now))
            event = Event(name="consent.withdrawn", actor=actor, subject=person.id, target=application, data={"grants": ended})
            audit.record(tx, event, now)
            return ended


def _named(tx: Connection, name: str) -> Person:
    """By address or id, as the contract says."""
    email = canonical(name) if "@" in name else None
    person = people.by_email(tx, email) if email else people.by_id(tx, name) if _is_uuid(name) else None
    if person is None:
        raise NotFound(f"there is no guest {name!r}", "guest_unknown")
    return person


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
