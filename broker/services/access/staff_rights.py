"""Asks what somebody may do, for menus and pages. The use case behind a page asks again by itself (SC-06)."""

from __future__ import annotations

from broker.domain.guest import Person
from broker.services.authorization import Rights, rights_of_person
from broker.services.core import Core


class StaffRights:
    """One question, one statement."""

    def __init__(self, core: Core) -> None:
        self._db, self._clock, self._settings = core.db, core.clock, core.settings

    def of(self, person: Person) -> Rights:
        """What this person may do now; a guest may nothing."""
        with self._db.read() as tx:
            return rights_of_person(tx, self._settings(), person, self._clock())
