"""Asks what somebody may do, for menus and pages. The use case behind a page asks again by itself (SC-06)."""

from __future__ import annotations

from collections.abc import Callable

from broker.domain.guest import Person
from broker.services.authorization.rights import Rights, rights_of_person
from broker.settings.load import Settings
from broker.storage.engine import Database


class StaffRights:
    """One question, one statement."""

    def __init__(self, db: Database, clock: Callable[[], int], settings: Callable[[], Settings]) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    def of(self, person: Person) -> Rights:
        """What this person may do now; a guest may nothing."""
        with self._db.read() as tx:
            return rights_of_person(tx, self._settings(), person, self._clock())
