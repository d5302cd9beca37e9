"""Guests as staff see them: listed, shown, their consents withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import NotFound
from broker.domain.expiry_rules import NOTICES
from broker.domain.factor import Factor
from broker.domain.guest import Identity, Person
from broker.domain.times import DAY, iso
from broker.services.history import audit
from broker.services.lookup import named
from broker.settings.load import Settings
from broker.storage.directory import assignments, consents, guest_pages, people
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.directory.personal_data import everything
from broker.storage.engine import Database
from broker.storage.factors import factors
from broker.storage.oauth import grants

INACTIVE = 90 * DAY  # seconds without a sign-in after which a guest is reported, where the files say nothing


@dataclass(frozen=True, slots=True)
class GuestView:
    """One guest in full."""

    person: Person
    identities: Sequence[Identity]
    consents: Sequence[dict[str, Any]]
    methods: Sequence[Factor]


class Guests:
    """The directory."""

    def __init__(self, db: Database, clock: Callable[[], int], settings: Callable[[], Settings]) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    def page(self, wanted: GuestFilter, *, after: str = "", limit: int) -> list[Person]:
        """A page behind the guest with the address `after`; storage/directory/guest_pages.py says in which order."""
        with self._db.read() as tx:
            return guest_pages.page(tx, wanted, after=after, limit=limit)

    def report(self) -> dict[str, int]:
        """What staff should look at: guests with an end within 14 days, without a visit for long, without a sponsor."""
        now = self._clock()
        wanted = {
            "ending": GuestFilter(expiring_before=now + NOTICES[0]),
            "inactive": GuestFilter(inactive_since=now - (self._settings().broker.guests.inactive or INACTIVE)),
            "without_sponsor": GuestFilter(without_sponsor=True),
        }
        with self._db.read() as tx:
            return {name: guest_pages.count(tx, one) for name, one in wanted.items()}

    def show(self, name: str) -> GuestView:
        """A guest by address or id. Raises NotFound."""
        with self._db.read() as tx:
            person = named(tx, name)
            agreed, held = consents.listed(tx, person.id), factors.of_person(tx, person.id)
            return GuestView(person, people.identities_of(tx, person.id), agreed, held)

    def export(self, actor: Actor, name: str) -> dict[str, Any]:
        """Everything that is held about a person, for the person; times in ISO 8601. No secret is among it (AD-05).

        That it was taken is in the audit, and in the next export. Raises NotFound.
        """
        with self._db.write() as tx:
            person = named(tx, name)
            audit.record(tx, Event(name="guest.exported", actor=actor, subject=person.id), self._clock())
            found: dict[str, Any] = readable(everything(tx, person.id))
            return found

    def assigned(self, person_id: str) -> set[str]:
        """The client ids that a person is assigned to now."""
        with self._db.read() as tx:
            return assignments.applications_of(tx, person_id, self._clock())

    def withdraw_consent(self, actor: Actor, name: str, application: str) -> int:
        """Take back a guest's consent for an application; its grants there end. The number of grants. Raises NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            person = named(tx, name, lock=True)
            if not consents.withdraw(tx, person.id, application, now):
                raise NotFound(f"{person.email} has not agreed to anything for {application!r}", "consent_unknown")
            ended = len(grants.end_of_application(tx, person.id, application, now))
            event = Event(name="consent.withdrawn", actor=actor, subject=person.id, target=application, data={"grants": ended})
            audit.record(tx, event, now)
            return ended


_TIMES = ("at", "since", "auth_time")


def readable(value: Any, name: str = "") -> Any:
    """The same with every time as text: what is called `at`, `since` or `auth_time`, or ends in `_at`."""
    if isinstance(value, dict):
        return {key: readable(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and (name in _TIMES or name.endswith("_at")):
        return iso(value)
    return value
