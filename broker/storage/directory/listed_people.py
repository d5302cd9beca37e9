"""People as programs list them: guests and members, by address or by name. Whose access has ended is deleted for a program."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, false, select

from broker.domain.guest import GuestState, Person
from broker.domain.list_query import ListField, ListQuery
from broker.domain.mailbox import PARTNER
from broker.storage.directory import branches, guest_scope
from broker.storage.directory.branches import RowKey, Walked
from broker.storage.directory.guest_scope import GuestScope
from broker.storage.directory.people import folded_name, person_of
from broker.storage.tables import identities, people

_P, _I = people.c, identities.c


def _by_code(address: str) -> ColumnElement[bool]:
    """Whose proven identity is the mailbox of this address."""
    mine = select(_I.person_id).where(_I.person_id == _P.id, _I.partner == PARTNER, _I.subject == _P.id)
    return and_(_P.email == address, mine.exists())


def _by_identity(value: str) -> ColumnElement[bool]:
    issuer, _, subject = value.partition("\n")
    return _P.id.in_(select(_I.person_id).where(_I.issuer == issuer, _I.subject == subject))


_PEOPLE = Walked(
    id=_P.id,
    base=(_P.email.is_not(None), _P.state != GuestState.EXPIRED.value),
    columns={
        ListField.ID: _P.id,
        ListField.EMAIL: _P.email,
        ListField.EMAIL_REVERSED: _P.email_reversed,
        ListField.NAME: _P.folded_name,
        ListField.KIND: _P.kind,
        ListField.STATE: _P.state,
        ListField.REDEEMED: _P.redeemed_at,
        ListField.SIGNED_UP: _P.signed_up_at,
    },
    orders={
        ListField.EMAIL: (_P.email,),
        ListField.EMAIL_REVERSED: (_P.email_reversed,),
        ListField.NAME: (_P.folded_name, _P.email),
    },
    special={ListField.CODE: _by_code, ListField.IDENTITY: _by_identity},
)


def page(
    tx: Connection, query: ListQuery, *, after: RowKey | None = None, limit: int, scope: GuestScope | None = None
) -> tuple[list[Person], list[RowKey]]:
    """A page behind the key `after`, and the key of each row. scope: what an owner may see."""
    ids = branches.page(_PEOPLE, query, after=after, limit=limit, within=_within(scope))
    if ids is None:
        return [], []
    found = ids.subquery()
    columns = _PEOPLE.orders[query.order.field]
    by = [column.desc() for column in columns] if query.order.descending else columns
    rows = tx.execute(select(people).join(found, found.c.id == _P.id).order_by(*by))
    listed = [person_of(row) for row in rows]
    return listed, [_key(query, one) for one in listed]


def count(tx: Connection, query: ListQuery, *, scope: GuestScope | None = None) -> int:
    """How many people the whole list has; this is not free: every row of it is counted."""
    statement = branches.count(_PEOPLE, query, within=_within(scope))
    return 0 if statement is None else int(tx.execute(statement).scalar_one())


def _within(scope: GuestScope | None) -> ColumnElement[bool] | None:
    if scope is None:
        return None
    return guest_scope.within(scope) if scope.applications or scope.groups else false()


def _key(query: ListQuery, person: Person) -> RowKey:
    if query.order.field is ListField.NAME:
        return (folded_name(person.name), person.email)
    return (person.email if query.order.field is ListField.EMAIL else person.email[::-1],)
