"""Lists of guests for the portal: filters, orders and capped counts. A page costs the same wherever in the list it is.

The key of a row is its value in the order, and its address, which is unique. Rows without the value (no end, never signed in) come last,
by address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, false, func, literal, or_, select, union_all

from broker.domain.group import folded
from broker.domain.guest import GuestState, Person, PersonKind
from broker.storage.directory import guest_scope
from broker.storage.directory.guest_scope import GuestScope
from broker.storage.directory.people import folded_name, person_of
from broker.storage.tables import group_members, groups, people

CAP = 10_000  # a count stops there: "more than 10,000"
_C = people.c


class GuestOrder(StrEnum):
    """By address, by name, by the end of access (soonest first), by the last sign-in (newest or oldest first)."""

    EMAIL = "email"
    NAME = "name"
    ENDS = "ends"
    SEEN = "seen"
    UNSEEN = "unseen"


_COLUMNS: Mapping[GuestOrder, Column[Any]] = {
    GuestOrder.EMAIL: _C.email,
    GuestOrder.NAME: _C.folded_name,
    GuestOrder.ENDS: _C.expires_at,
    GuestOrder.SEEN: _C.last_sign_in,
    GuestOrder.UNSEEN: _C.last_sign_in,
}
GuestKey = tuple[str | int | None, str]  # the value in the order, the address


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSearch:
    """Which guests; what is empty does not matter. text: how name or address begins. person_id: this one, of an id or a receipt.

    group: a name. seen_before: not since then, or never. Times: seconds since 1970, UTC. scope: what an owner may see.
    """

    text: str = ""
    person_id: str | None = None
    ids: tuple[str, ...] = ()
    state: GuestState | None = None
    partner: str | None = None
    sponsor: str | None = None
    application: str | None = None
    group: str | None = None
    ends_before: int | None = None
    seen_before: int | None = None
    without_sponsor: bool = False
    scope: GuestScope | None = None


def page(
    tx: Connection, wanted: GuestSearch, order: GuestOrder, *, after: GuestKey | None = None, limit: int
) -> tuple[list[Person], list[GuestKey]]:
    """A page behind the key `after`, and the key of each row. Those who are deleted are nowhere."""
    column = _COLUMNS[order]
    found: list[Person] = []
    if after is None or after[0] is not None:
        found = _valued(tx, _matching(wanted), order, after, limit)
    if len(found) < limit and column.nullable and column is not _C.email and wanted.ends_before is None:
        rest = _matching(wanted).where(column.is_(None)).order_by(_C.email).limit(limit - len(found))
        if after is not None and after[0] is None:
            rest = rest.where(_C.email > after[1])
        found += [person_of(row) for row in tx.execute(rest)]
    return found, [(_value(person, order), person.email) for person in found]


def _valued(tx: Connection, statement: Select[Any], order: GuestOrder, after: GuestKey | None, limit: int) -> list[Person]:
    column = _COLUMNS[order]
    newest = order is GuestOrder.SEEN
    if column is not _C.email and column.nullable:
        statement = statement.where(column.is_not(None))
    if column is _C.folded_name:
        statement = statement.where(column >= "")  # every row: SQLite then searches the index in place of scanning it
    if after is not None and column is _C.email:
        statement = statement.where(_C.email > after[1])
    elif after is not None:
        beyond = column < after[0] if newest else column > after[0]
        edge = column <= after[0] if newest else column >= after[0]
        statement = statement.where(edge, or_(beyond, _C.email > after[1]))
    by = (column,) if column is _C.email else (column.desc() if newest else column, _C.email)
    return [person_of(row) for row in tx.execute(statement.order_by(*by).limit(limit))]


def counts(tx: Connection, wanted: Mapping[str, GuestSearch]) -> dict[str, int]:
    """How many guests each search finds, in one statement; one more than CAP stands for more than that."""
    columns = [
        select(func.count()).select_from(_matching(one, literal(1)).limit(CAP + 1).subquery()).scalar_subquery().label(name)
        for name, one in wanted.items()
    ]
    row = tx.execute(select(*columns)).one()
    return {name: int(row._mapping[name]) for name in wanted}


def ids(wanted: GuestSearch) -> Select[Any]:
    """The select of the ids of every guest that a search finds, by address: a walk along the index of the list."""
    return _matching(wanted, _C.id).order_by(_C.email)


def _matching(wanted: GuestSearch, *columns: Any) -> Select[Any]:
    statement = select(*(columns or (people,))).where(_C.email.is_not(None), _C.kind == PersonKind.GUEST.value)
    plain = (
        (_C.state, wanted.state and wanted.state.value),
        (_C.partner, wanted.partner),
        (_C.sponsor, wanted.sponsor),
        (_C.id, wanted.person_id),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in plain if value is not None]
    if wanted.ids:
        conditions.append(_C.id.in_(wanted.ids))
    if wanted.text:
        conditions.append(_C.id.in_(_named(wanted.text)))
    if wanted.application is not None:
        conditions.append(_C.id.in_(union_all(*guest_scope.of_applications([wanted.application]))))
    if wanted.group is not None:
        m, g = group_members.c, groups.c
        conditions.append(_C.id.in_(select(m.person_id).join(groups, g.id == m.group_id).where(g.folded == folded(wanted.group))))
    if wanted.ends_before is not None:
        conditions.append(_C.expires_at < wanted.ends_before)
    if wanted.seen_before is not None:
        conditions.append(or_(_C.last_sign_in < wanted.seen_before, _C.last_sign_in.is_(None)))
    if wanted.without_sponsor:
        conditions.append(_C.orphaned_at > 0)
    if wanted.scope is not None:
        nothing = not wanted.scope.applications and not wanted.scope.groups
        conditions.append(false() if nothing else guest_scope.within(wanted.scope))
    return statement.where(*conditions)


def _named(text: str) -> Any:
    """The ids of people whose address, or whose name, begins so."""
    plain, name = text.lower(), folded_name(text)
    by_email = select(_C.id).where(_C.email >= plain, _C.email < beyond(plain))
    by_name = select(_C.id).where(_C.folded_name >= name, _C.folded_name < beyond(name))
    return by_email if "@" in text else union_all(by_email, by_name)


def beyond(text: str) -> str:
    """The least text behind all that begin with `text`; addresses and names compare by code point on both databases."""
    last = ord(text[-1])
    if last == 0x10FFFF:
        return text + "\U0010ffff"
    return text[:-1] + ("\ue000" if last == 0xD7FF else chr(last + 1))  # no half of a surrogate pair: UTF-8 has none


def _value(person: Person, order: GuestOrder) -> str | int | None:
    if order is GuestOrder.NAME:
        return folded_name(person.name)
    if order is GuestOrder.ENDS:
        return person.expires_at
    return person.email if order is GuestOrder.EMAIL else person.last_sign_in
