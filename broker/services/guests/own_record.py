"""A person's own record, for an application in which they signed in."""

from __future__ import annotations

from collections.abc import Collection

from broker.domain.audit import Actor
from broker.domain.errors import Conflict, Forbidden
from broker.domain.guest import Person
from broker.services.access.assignment_references import HeldEntry, held_in
from broker.services.access.views import MembershipView, assignments_of, memberships_of
from broker.services.authorization import CHANGE_SELF, READ_SELF, acting_person
from broker.services.core import Core
from broker.services.guests import acts
from broker.services.guests.user_views import UserView
from broker.storage.directory import people
from broker.storage.engine import Connection


class OwnRecord:
    """Guests and members alike: what the application may do is in the token alone."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def show(self, actor: Actor) -> UserView:
        """The person. Raises Forbidden, Conflict (`no_person`: a program acts for itself)."""
        with self._db.read() as tx:
            person = _self(tx, actor, READ_SELF)
            return UserView.of(person, people.identities_of(tx, person.id))

    def groups(self, actor: Actor) -> tuple[MembershipView, ...]:
        """Their groups, by name. Raises as `show`."""
        with self._db.read() as tx:
            return memberships_of(tx, _self(tx, actor, READ_SELF).id)

    def assignments(self, actor: Actor) -> tuple[HeldEntry, ...]:
        """What they may use, by themselves and by their groups. Raises as `show`."""
        with self._db.read() as tx:
            held = assignments_of(tx, _self(tx, actor, READ_SELF).id, self._clock())
        return held_in(self._settings(), held)

    def sign_out(self, actor: Actor) -> None:
        """Ends each of their sessions and tokens, this one too. Raises as `show`."""
        now = self._clock()
        with self._db.write() as tx:
            acts.sign_out(tx, actor, _self(tx, actor, CHANGE_SELF), now)


def _self(tx: Connection, actor: Actor, needed: Collection[str]) -> Person:
    if actor.permissions is None:
        raise Conflict("/me request is only valid with delegated authentication flow.", "no_person")
    person = acting_person(tx, actor)
    if person is None or actor.permissions.isdisjoint(needed):
        raise Forbidden("you may not do that", "no_right_self")
    return person
