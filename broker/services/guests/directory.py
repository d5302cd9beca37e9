"""The directory of guests, as staff see it: lists guests, shows one, exports their data, withdraws their consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import NotFound
from broker.domain.expiry_rules import NOTICES
from broker.domain.guest import Person
from broker.domain.times import DAY, iso
from broker.services.access.views import assignments_of, memberships_of
from broker.services.core import Core
from broker.services.guests.views import ConsentView, GuestCounts, GuestRow, GuestView, IdentityView, MethodView
from broker.services.history import audit
from broker.services.lookup import named
from broker.storage.directory import consents, guest_pages, people
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.directory.personal_data import everything
from broker.storage.engine import Connection
from broker.storage.factors import factors
from broker.storage.oauth import grants
from broker.storage.operations import outbox

INACTIVE = 90 * DAY  # seconds without a sign-in after which a guest is reported; guests.inactive replaces it


class Guests:
    """The use cases of staff on the directory."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def page(self, wanted: GuestFilter, *, after: str = "", limit: int) -> tuple[GuestRow, ...]:
        """A page of guests after the address `after`; storage/directory/guest_pages.py defines the order."""
        with self._db.read() as tx:
            return tuple(GuestRow.of(person) for person in guest_pages.page(tx, wanted, after=after, limit=limit))

    def report(self) -> GuestCounts:
        """Counts the guests that staff should look at."""
        now = self._clock()
        idle = self._settings().broker.guests.inactive or INACTIVE
        with self._db.read() as tx:
            return GuestCounts(
                ending=guest_pages.count(tx, GuestFilter(expiring_before=now + NOTICES[0])),
                inactive=guest_pages.count(tx, GuestFilter(inactive_since=now - idle)),
                without_sponsor=guest_pages.count(tx, GuestFilter(without_sponsor=True)),
            )

    def show(self, name: str) -> GuestView:
        """A guest by address or id. Raises NotFound."""
        with self._db.read() as tx:
            return view_of(tx, named(tx, name), self._clock())

    def export(self, actor: Actor, name: str) -> Mapping[str, Any]:
        """All data about a person, for that person: one document without secrets, times in ISO 8601 (AD-05).

        The audit records the export, and so does the next export. Raises NotFound.
        """
        with self._db.write() as tx:
            person = named(tx, name)
            audit.record(tx, Event(name="guest.exported", actor=actor, subject=person.id), self._clock())
            found: Mapping[str, Any] = readable(everything(tx, person.id))
            return found

    def withdraw_consent(self, actor: Actor, name: str, application: str) -> int:
        """Withdraws a guest's consent for an application and ends its grants; returns how many. Raises NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            person = named(tx, name, lock=True)
            if not consents.withdraw(tx, person.id, application, now):
                raise NotFound(f"{person.email} has not agreed to anything for {application!r}", "consent_unknown")
            ended = len(grants.end_of_application(tx, person.id, application, now))
            event = Event(name="consent.withdrawn", actor=actor, subject=person.id, target=application, data={"grants": ended})
            audit.record(tx, event, now)
            return ended


def view_of(tx: Connection, person: Person, now: int) -> GuestView:
    """One guest in full."""
    return GuestView(
        person=GuestRow.of(person),
        identities=tuple(IdentityView.of(one) for one in people.identities_of(tx, person.id)),
        consents=tuple(_consent(row) for row in consents.listed(tx, person.id)),
        methods=tuple(MethodView.of(one) for one in factors.of_person(tx, person.id)),
        groups=memberships_of(tx, person.id),
        assignments=assignments_of(tx, person.id, now),
        mails=tuple(outbox.of_person(tx, person.id)),
    )


def _consent(row: Mapping[str, Any]) -> ConsentView:
    return ConsentView(
        application=row["application"],
        scopes=tuple(row["scopes"]),
        version=row["version"],
        given_at=row["given_at"],
        withdrawn_at=row["withdrawn_at"],
    )


_TIMES = ("at", "since", "auth_time")


def readable(value: Any, name: str = "") -> Any:
    """The same document with times as text: `at`, `since`, `auth_time`, and each name that ends in `_at`."""
    if isinstance(value, dict):
        return {key: readable(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and (name in _TIMES or name.endswith("_at")):
        return iso(value)
    return value
