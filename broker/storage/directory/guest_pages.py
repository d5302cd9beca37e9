"""The directory page by page: every order is an index, every page begins behind the last row of the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, func, or_, select

from broker.domain.guest import GuestState, Person, PersonKind
from broker.storage.directory.people import folded_name, person_of
from broker.storage.directory.staff_pages import beyond
from broker.storage.tables import people

_C = people.c


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestFilter:
    """Which guests. None, "" and False: whatever it is. text: how the address begins. name: how the name begins, whatever its case. Times: seconds since 1970, UTC.

    expiring_before, inactive_since: only those who are active, in the order of their ends or of their last sign-ins;
    without_sponsor: in the order in which they lost theirs; name: in the order of names. All others come in the order of
    their addresses.
    """

    kind: PersonKind | None = PersonKind.GUEST
    state: GuestState | None = None
    partner: str | None = None
    sponsor: str | None = None
    text: str = ""
    name: str = ""
    expiring_before: int | None = None
    inactive_since: int | None = None
    without_sponsor: bool = False


def page(tx: Connection, wanted: GuestFilter, *, after: str = "", limit: int) -> list[Person]:
    """A page behind the person with the address `after` ("": the first page). Those who are deleted are nowhere."""
    order = _order(wanted)
    statement = _filtered(wanted).order_by(*order).limit(limit)
    if after:
        behind = _behind(tx, order, after)
        if behind is None:
            return []
        statement = statement.where(behind)
    return [person_of(row) for row in tx.execute(statement)]


def count(tx: Connection, wanted: GuestFilter, *, most: int | None = None) -> int:
    """How many there are. most: count no further."""
    if most is not None:
        return len(tx.execute(_filtered(wanted).with_only_columns(_C.id).limit(most)).all())
    return int(tx.execute(select(func.count()).select_from(_filtered(wanted).subquery())).scalar_one())


def _filtered(wanted: GuestFilter) -> Select[Any]:
    statement = select(people).where(_C.email.is_not(None))
    state = wanted.state
    if state is None and (wanted.expiring_before is not None or wanted.inactive_since is not None):
        state = GuestState.ACTIVE
    for column, value in ((_C.kind, wanted.kind), (_C.state, state), (_C.partner, wanted.partner), (_C.sponsor, wanted.sponsor)):
        if value is not None:
            statement = statement.where(column == str(value))
    if wanted.text:
        statement = statement.where(_C.email >= wanted.text, _C.email < beyond(wanted.text))
    if wanted.name:
        name = folded_name(wanted.name)
        statement = statement.where(_C.folded_name >= name, _C.folded_name < beyond(name))
    if wanted.expiring_before is not None:
        statement = statement.where(_C.expires_at < wanted.expiring_before)
    if wanted.inactive_since is not None:
        statement = statement.where(_C.last_sign_in < wanted.inactive_since)
    if wanted.without_sponsor:
        statement = statement.where(_C.orphaned_at > 0)
    return statement


def _order(wanted: GuestFilter) -> tuple[Column[Any], ...]:
    if wanted.expiring_before is not None:
        return _C.expires_at, _C.email
    if wanted.inactive_since is not None:
        return _C.last_sign_in, _C.email
    if wanted.without_sponsor:
        return _C.orphaned_at, _C.email
    return (_C.folded_name, _C.email) if wanted.name else (_C.email,)


def _behind(tx: Connection, order: tuple[Column[Any], ...], after: str) -> ColumnElement[bool] | None:
    """The rows behind that person in this order; None where the order does not know the person."""
    if len(order) == 1:
        return _C.email > after
    at = tx.execute(select(order[0]).where(_C.email == after)).scalar_one_or_none()
    if at is None:
        return None
    return and_(order[0] >= at, or_(order[0] > at, _C.email > after))
