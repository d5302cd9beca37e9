"""The audit's rows: inserted in the transaction of their cause, chained later, never changed (HT-18)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from sqlalchemy import Connection, Select, func, insert, null, or_, select

from broker.domain.audit import Event, EventSearch
from broker.domain.guest_event import HEARD
from broker.storage.history.ordered_ids import OrderedIds
from broker.storage.tables import audit, audit_personal

_ADD = insert(audit)
_BEFORE = audit.alias("before")
_LAST = (
    select(_BEFORE.c.event_position + 1).where(_BEFORE.c.event_position.is_not(None)).order_by(_BEFORE.c.event_position.desc())
)
_ADD_HEARD = insert(audit).values(event_position=func.coalesce(_LAST.limit(1).scalar_subquery(), 1))
_ADD_PERSONAL = insert(audit_personal)
_PAGE = 1_000  # rows of one statement of a reader
_IDS = OrderedIds()  # so that (at, id) is the order in which events were stored, within a second too


def add(tx: Connection, event: Event, now: int) -> str:
    """Insert an event and its personal values; the row's id.

    A row of which somebody may be notified gets a place in the queue of `event_queue`, by the same statement.
    """
    row_id = _IDS.next()
    row = {
        "id": row_id,
        "at": now,
        "name": event.name,
        "actor_kind": event.actor.kind.value,
        "actor_id": event.actor.id,
        "request_id": event.actor.request_id,
        "subject": event.subject,
        "target": event.target,
        "reason": event.reason,
        "data": dict(event.data),
    }
    tx.execute(_ADD_HEARD if event.subject and event.name in HEARD else _ADD, row)
    personal = dict(event.personal) | ({"address": event.actor.address} if event.actor.address else {})
    if personal:
        tx.execute(
            _ADD_PERSONAL,
            [{"audit_id": row_id, "name": name, "subject": event.subject, "value": value} for name, value in personal.items()],
        )
    return row_id


def newest(tx: Connection, *, limit: int = 100, name: str | None = None, target: str | None = None) -> list[dict[str, Any]]:
    """Events, newest first; name and target: only those."""
    statement = select(audit).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)
    if name is not None:
        statement = statement.where(audit.c.name == name)
    if target is not None:
        statement = statement.where(audit.c.target == target)
    return [dict(row._mapping) for row in tx.execute(statement)]


def about(tx: Connection, person_id: str, limit: int) -> list[dict[str, Any]]:
    """The newest events about a person, with their `personal` values."""
    statement = select(audit).where(audit.c.subject == person_id).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)
    found = [dict(row._mapping) for row in tx.execute(statement)]
    values = _personal(tx, [event["id"] for event in found])
    return [event | {"personal": values.get(event["id"], {})} for event in found]


def page(tx: Connection, search: EventSearch, *, after: tuple[int, str] | None, limit: int) -> list[dict[str, Any]]:
    """Events of a span of time, newest first, without their personal values. after: (at, id) of the row before."""
    c = audit.c
    statement = select(audit).where(c.at >= search.since)
    if search.until is not None:
        statement = statement.where(c.at < search.until)
    if search.name is not None:
        statement = statement.where(c.name == search.name)
    if search.person is not None:
        statement = statement.where(c.subject == search.person)
    if after is not None:
        statement = statement.where(c.at <= after[0], or_(c.at < after[0], c.id < after[1]))
    return [dict(row._mapping) for row in tx.execute(statement.order_by(c.at.desc(), c.id.desc()).limit(limit))]


def events(tx: Connection, *, since: int = 0, person: str | None = None) -> Iterator[dict[str, Any]]:
    """Events from a time on, in the order of the chain, then those that wait for their number; a page at a time is in memory.

    Each comes with its `personal` values, and with `follows`, the chain of the event before it (None before the oldest one).
    From the first event of the time on none is left out, so that the numbers have no gap: one that was committed late may be
    a little older. person: only those that concern this person, or that this person caused.
    """
    c = audit.c
    concerned = or_(c.subject == person, (c.actor_kind == "person") & (c.actor_id == person)) if person is not None else None
    first = tx.execute(select(func.min(c.seq)).where(c.at >= since)).scalar_one_or_none()
    before, after = audit.alias("before"), (first or 1) - 1
    chained = select(audit, before.c.chain.label("follows")).outerjoin(before, before.c.seq == c.seq - 1)
    while first is not None:
        statement = chained.where(c.seq > after).order_by(c.seq).limit(_PAGE)
        found = yield from _page(tx, statement if concerned is None else statement.where(concerned))
        if len(found) < _PAGE:
            break
        after = found[-1]["seq"]
    place = (since, "")
    while True:
        later = (c.at >= place[0]) & or_(c.at > place[0], c.id > place[1])
        statement = select(audit, null().label("follows")).where(c.seq.is_(None), later).order_by(c.at, c.id).limit(_PAGE)
        found = yield from _page(tx, statement if concerned is None else statement.where(concerned))
        if len(found) < _PAGE:
            return
        place = (found[-1]["at"], found[-1]["id"])


def _page(tx: Connection, statement: Select[Any]) -> Generator[dict[str, Any], None, list[dict[str, Any]]]:
    """Yields the events of one statement; the rows themselves for going on."""
    found = [dict(row._mapping) for row in tx.execute(statement)]
    values = _personal(tx, [event["id"] for event in found])
    for event in found:
        yield event | {"personal": values.get(event["id"], {})}
    return found


def _personal(tx: Connection, ids: list[str]) -> dict[str, dict[str, str]]:
    c = audit_personal.c
    values: dict[str, dict[str, str]] = {}
    for row in tx.execute(select(c.audit_id, c.name, c.value).where(c.audit_id.in_(ids)).order_by(c.name)) if ids else ():
        values.setdefault(row.audit_id, {})[row.name] = row.value
    return values
