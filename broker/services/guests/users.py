"""People as programs manage them: guests and members are read alike, and guests are changed. Each use case asks for its right first.

A deletion ends the access and can be undone for `guests.restore`; then housekeeping deletes the personal data. So a guest whose access
has ended is among the deleted ones, whether a person or the broker ended it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.group import is_uuid
from broker.domain.guest import GuestState, Person
from broker.domain.guest_states import Act
from broker.domain.list_query import ListQuery
from broker.domain.mailbox import PARTNER
from broker.domain.person_details import changed_details
from broker.services import authorization
from broker.services.access.views import memberships_of
from broker.services.authorization import Right
from broker.services.core import Core
from broker.services.guests import acts
from broker.services.guests.transitions import remove, rules_of
from broker.services.guests.user_views import UserChanges, UserPage, UserRelations, UserView
from broker.services.guests.views import MethodView
from broker.services.history import audit
from broker.services.lookup import guest_for, named
from broker.storage.directory import guest_pages, listed_people, people
from broker.storage.directory.branches import RowKey
from broker.storage.directory.guest_scope import GuestScope
from broker.storage.engine import Connection
from broker.storage.factors import factors

MAX_NAME = 256  # characters


class ManagedUsers:
    """A name is an id or an address. Somebody who is deleted does not exist here, except for `deleted`, `restore` and `forget`."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def page(
        self,
        actor: Actor,
        query: ListQuery,
        *,
        after: RowKey | None = None,
        limit: int,
        count: bool = False,
        identities: bool = False,
    ) -> UserPage:
        """A page of a list behind the key `after`. identities: whether they are wanted. Raises Forbidden."""
        with self._db.read() as tx:
            scope = self._scope(tx, actor)
            found, keys = listed_people.page(tx, query, after=after, limit=limit + 1, scope=scope)
            more, found = len(found) > limit, found[:limit]
            held = people.identities_of_all(tx, [one.id for one in found]) if identities else {}
            return UserPage(
                users=tuple(UserView.of(one, held.get(one.id)) for one in found),
                next_key=keys[limit - 1] if more else None,
                count=listed_people.count(tx, query, scope=scope) if count else None,
            )

    def count(self, actor: Actor, query: ListQuery) -> int:
        """How many people a list has. Raises Forbidden."""
        with self._db.read() as tx:
            return listed_people.count(tx, query, scope=self._scope(tx, actor))

    def show(self, actor: Actor, name: str) -> UserView:
        """One person. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            person = self._read(tx, actor, name)
            return UserView.of(person, people.identities_of(tx, person.id))

    def groups(self, actor: Actor, name: str) -> UserRelations:
        """The groups of one person, by name. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            person = self._read(tx, actor, name)
            rights = authorization.rights_of(tx, self._settings(), actor, self._clock())
            every = rights.may_everywhere(Right.SEE_GUESTS)  # an owner sees of a guest what they own
            return UserRelations(groups=tuple(g for g in memberships_of(tx, person.id) if every or g.id in rights.groups))

    def methods(self, actor: Actor, name: str) -> UserRelations:
        """The sign-in methods of one person's own. by_code: a code to their mailbox is one. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            person = self._read(tx, actor, name)
            found = tuple(MethodView.of(one) for one in factors.of_person(tx, person.id))
            by_code = any(one.partner == PARTNER for one in people.identities_of(tx, person.id))
            return UserRelations(methods=found, by_code=by_code)

    def sponsor(self, actor: Actor, name: str) -> UserRelations:
        """The member who answers for one person, if they are in the directory. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            person = self._read(tx, actor, name)
            member = people.by_email(tx, person.sponsor) if person.sponsor else None
            return UserRelations(sponsor=UserView.of(member) if member else None)

    def change(self, actor: Actor, name: str, wanted: UserChanges, *, version: str | None = None) -> UserView:
        """Changes a guest: all of it or nothing. version: the one that the program has read; None: any.

        Raises Forbidden (also for a member), NotFound, Invalid, Conflict (version_differs; a state that the act does not allow).
        """
        now, settings = self._clock(), self._settings()
        _check(wanted, settings.broker.languages)
        with self._db.write() as tx:
            person = self._guest(tx, actor, Right.CHANGE, name, now)
            if version is not None and UserView.of(person).version != version:
                raise Conflict("this guest was changed meanwhile; read them again", "version_differs")
            person = self._enable(tx, actor, person, wanted.enabled, now)
            values = _columns(person, wanted)
            if values:
                before = {column: getattr(person, column) for column in values}
                people.change(tx, person.id, values)
                event = Event(
                    name="guest.changed",
                    actor=actor,
                    subject=person.id,
                    data={"changed": sorted(values)},
                    personal=_told(before, "_before") | _told(values, ""),
                )
                audit.record(tx, event, now)
            after = people.by_id(tx, person.id) or person
            return UserView.of(after, people.identities_of(tx, person.id))

    def _enable(self, tx: Connection, actor: Actor, person: Person, enabled: bool | None, now: int) -> Person:
        """Blocks or unblocks a guest who is not so already; unblocking gives the earlier state."""
        if enabled is None or enabled == (person.state is not GuestState.BLOCKED):
            return person
        authorization.require_everywhere(tx, self._settings(), actor, Right.BLOCK, now)
        act = Act.UNBLOCK if enabled else Act.BLOCK
        return acts.change(tx, actor, person, act, now, rules_of(self._settings()))

    def remove(self, actor: Actor, name: str) -> None:
        """Ends the access of a guest, who is among the deleted ones from now on. Raises Forbidden, NotFound, Conflict (blocked)."""
        now = self._clock()
        with self._db.write() as tx:
            person = self._guest(tx, actor, Right.DELETE, name, now)
            if person.state is GuestState.BLOCKED:
                raise Conflict("this guest is blocked: set accountEnabled to true first", "guest_is_blocked")
            acts.change(tx, actor, person, Act.EXPIRE, now, rules_of(self._settings()), values={"expires_at": now})

    def sign_out(self, actor: Actor, name: str) -> None:
        """Ends every session and token of a guest, also of applications. Raises Forbidden, NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            person = self._guest(tx, actor, Right.SIGN_OUT, name, now)
            acts.sign_out(tx, actor, person, now)

    def deleted_page(self, actor: Actor, *, after: str, limit: int) -> UserPage:
        """A page of guests whose access has ended, behind the address `after`. Raises Forbidden."""
        with self._db.read() as tx:
            authorization.require_everywhere(tx, self._settings(), actor, Right.SEE_GUESTS, self._clock())
            ended = guest_pages.GuestFilter(state=GuestState.EXPIRED)
            found = guest_pages.page(tx, ended, after=after, limit=limit + 1)
        shown = found[:limit]
        return UserPage(users=tuple(map(UserView.of, shown)), next_key=(shown[-1].email,) if len(found) > limit else None)

    def deleted(self, actor: Actor, name: str) -> UserView:
        """A guest whose access has ended, as long as it can be restored. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            authorization.require_everywhere(tx, self._settings(), actor, Right.SEE_GUESTS, self._clock())
            return UserView.of(_ended(tx, name))

    def restore(self, actor: Actor, name: str) -> UserView:
        """Gives the access again, with the end that `guests.lifetime` gives. Raises Forbidden, NotFound, Conflict (too late)."""
        now, rules = self._clock(), rules_of(self._settings())
        with self._db.write() as tx:
            person = self._deleted(tx, actor, Right.RENEW, name, now)
            values = acts.renewal(person, rules, now, until=None, forever=rules.lifetime is None)
            return UserView.of(acts.change(tx, actor, person, Act.RENEW, now, rules, values=values))

    def forget(self, actor: Actor, name: str) -> None:
        """Deletes the personal data of a guest whose access has ended, for good. Raises Forbidden, NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            person = self._deleted(tx, actor, Right.DELETE, name, now)
            remove(tx, actor, person, now, reason="deleted by a program")

    def _read(self, tx: Connection, actor: Actor, name: str) -> Person:
        rights = authorization.require(tx, self._settings(), actor, Right.SEE_GUESTS, self._clock())
        person = _present(named(tx, name))
        if not authorization.over_guest(tx, rights, Right.SEE_GUESTS, person.id):
            raise NotFound("there is no such person", "guest_unknown")
        return person

    def _scope(self, tx: Connection, actor: Actor) -> GuestScope | None:
        """Whom this actor may see; None: everybody. Raises Forbidden."""
        rights = authorization.require(tx, self._settings(), actor, Right.SEE_GUESTS, self._clock())
        return authorization.scope_of(rights, Right.SEE_GUESTS)

    def _guest(self, tx: Connection, actor: Actor, right: Right, name: str, now: int) -> Person:
        return _present(guest_for(tx, self._settings(), actor, right, name, now, lock=True))

    def _deleted(self, tx: Connection, actor: Actor, right: Right, name: str, now: int) -> Person:
        guest_for(tx, self._settings(), actor, right, name, now, lock=True)
        return _ended(tx, name)


def _present(person: Person) -> Person:
    if person.state in (GuestState.EXPIRED, GuestState.DELETED):
        raise NotFound("there is no such person", "guest_unknown")
    return person


def _ended(tx: Connection, name: str) -> Person:
    """By id alone: the address may belong to somebody else by now."""
    person = people.by_id(tx, name.lower()) if is_uuid(name) else None
    if person is None or person.state is not GuestState.EXPIRED:
        raise NotFound("there is no such person", "guest_unknown")
    return person


def _check(wanted: UserChanges, languages: tuple[str, ...]) -> None:
    if wanted.name is not None and (len(wanted.name) > MAX_NAME or not wanted.name.isprintable()):
        raise Invalid(f"the name must be one line of at most {MAX_NAME} characters", "name_invalid")
    if wanted.language is not None and wanted.language not in languages:
        raise Invalid(f"the language must be one of {', '.join(languages)}", "language_unknown")


def _columns(person: Person, wanted: UserChanges) -> dict[str, Any]:
    """The columns that get another value."""
    asked: dict[str, Any] = {"details": changed_details(person.details, wanted.details)}
    if wanted.name is not None:
        asked["name"] = wanted.name.strip()
    if wanted.language is not None:
        asked["language"] = wanted.language
    return {column: value for column, value in asked.items() if value != getattr(person, column)}


def _told(values: Mapping[str, Any], end: str) -> dict[str, str]:
    """Personal values of an audit event, which a deletion removes (HT-18)."""
    flat = {name: value for name, value in values.items() if name != "details"} | dict(values.get("details", {}))
    return {f"{name}{end}": str(value) for name, value in flat.items() if value}
