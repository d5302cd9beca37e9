"""What has changed since a program asked last: people and groups, each with the deletions (graph delta query)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from broker.domain.audit import Actor
from broker.domain.changes import ChangePlace
from broker.domain.errors import Conflict
from broker.domain.guest import GuestState
from broker.services.access.group_references import GroupEntry
from broker.services.authorization import Right, require_everywhere
from broker.services.core import Core
from broker.services.guests.user_views import UserView
from broker.storage.directory import changes
from broker.storage.directory.changes import GROUPS, PEOPLE, ChangeCounter, ChangedTables
from broker.storage.engine import Connection

_BEHIND_ALL = "g"  # greater than every UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedEntry:
    """Something that is gone. for_good: it cannot be restored."""

    id: str
    for_good: bool


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage(Generic[Row]):
    """rows: as they are now, each once, in the order of their last change. place: up to here. more: whether there is more to read now."""

    rows: tuple[Row | RemovedEntry, ...]
    place: ChangePlace
    more: bool


class DirectoryChanges:
    """A page costs the same however long ago the place is. A program that begins reads everything first.

    limit: less than the rows that get a number at once, so a page that is not full is the last one for now.
    """

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def people(self, actor: Actor, place: ChangePlace | None, *, limit: int) -> ChangePage[UserView]:
        """A page of changes of people. place: of the page before, None: from the beginning. Raises Forbidden, Conflict (`place_void`)."""
        state = self._numbered(actor, Right.SEE_GUESTS, PEOPLE)
        since = _checked(place, state)
        with self._db.read() as tx:
            found = changes.people_since(tx, since, limit)
        rows: list[UserView | RemovedEntry] = []
        for number, person in found:
            if person.state not in (GuestState.EXPIRED, GuestState.DELETED):
                rows.append(UserView.of(person))
            elif number > since.start:
                rows.append(RemovedEntry(id=person.id, for_good=person.state is GuestState.DELETED))
        return ChangePage(
            rows=tuple(rows), place=_after(since, [(number, one.id) for number, one in found]), more=len(found) == limit
        )

    def groups(self, actor: Actor, place: ChangePlace | None, *, limit: int) -> ChangePage[GroupEntry]:
        """A page of changes of groups; who is in them is none. Raises Forbidden, Conflict (`place_void`)."""
        state = self._numbered(actor, Right.SEE_GROUPS, GROUPS)
        since = _checked(place, state)
        with self._db.read() as tx:
            found = changes.groups_since(tx, since, limit)
        rows: list[GroupEntry | RemovedEntry] = []
        for number, row, group in found:
            if group is not None:
                rows.append(GroupEntry.of(group))
            elif number > since.start:
                rows.append(RemovedEntry(id=row, for_good=True))
        return ChangePage(
            rows=tuple(rows), place=_after(since, [(number, row) for number, row, _ in found]), more=len(found) == limit
        )

    def people_now(self, actor: Actor) -> ChangePlace:
        """The place behind everything that has a number now. Raises Forbidden."""
        return _latest(self._numbered(actor, Right.SEE_GUESTS, PEOPLE))

    def groups_now(self, actor: Actor) -> ChangePlace:
        """The same for groups. Raises Forbidden."""
        return _latest(self._numbered(actor, Right.SEE_GROUPS, GROUPS))

    def _numbered(self, actor: Actor, right: Right, tables: ChangedTables) -> ChangeCounter:
        """The counter, after committed changes have a number. The right comes first."""
        with self._db.read() as tx:
            require_everywhere(tx, self._settings(), actor, right, self._clock())
            state = changes.counter(tx)
            if state is not None and not changes.is_behind(tx, tables):
                return state
        with self._db.write() as tx:
            changes.give_numbers(tx, tables)
            return _known(tx)


def _known(tx: Connection) -> ChangeCounter:
    state = changes.counter(tx)
    if state is None:
        raise AssertionError("numbers were given, so there is a counter")
    return state


def _checked(place: ChangePlace | None, state: ChangeCounter) -> ChangePlace:
    """The place to read on from. Raises Conflict for one of before a restore: what it has read may never have happened."""
    if place is None:
        return ChangePlace(history=state.history, number=changes.FIRST, row="", start=state.last)
    if place.history != state.history:
        raise Conflict("the database was restored since: read everything again", "place_void")
    return place


def _latest(state: ChangeCounter) -> ChangePlace:
    return ChangePlace(history=state.history, number=state.last, row=_BEHIND_ALL, start=state.last)


def _after(since: ChangePlace, keys: Sequence[tuple[int, str]]) -> ChangePlace:
    number, row = keys[-1] if keys else (since.number, since.row)
    return ChangePlace(history=since.history, number=number, row=row, start=since.start)
