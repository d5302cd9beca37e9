"""Access requests: one open request for a person and an application, answered by one conditional statement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, or_, select, text, update

from broker.domain.access_request import AccessRequest, RequestState
from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import access_requests, assignments, group_assignments, group_members, people

_C = access_requests.c
_PLAIN = (
    "id", "person_id", "application", "role", "reason", "signed_up", "attributes", "wanted_until", "created_at", "expires_at", "decided_at", "decided_by", "ends_at", "answer",
)  # fmt: skip
_OPEN = _C.state == RequestState.OPEN.value
_INDEX = {"index_elements": ["person_id", "application"], "index_where": text("state = 'open'")}
_ADD = for_both(access_requests, lambda row: row.on_conflict_do_nothing(**_INDEX))


def _request(row: Row[Any]) -> AccessRequest:
    m = row._mapping
    return AccessRequest(**{name: m[name] for name in _PLAIN}, state=RequestState(m["state"]))


def add(tx: Connection, request: AccessRequest) -> bool:
    """Insert a request; False if the person has an open one for this application."""
    row = {name: getattr(request, name) for name in _PLAIN} | {"state": request.state.value}
    return run(tx, _ADD, row).rowcount == 1


def by_id(tx: Connection, request_id: str) -> AccessRequest | None:
    """The request with this id."""
    row = tx.execute(select(access_requests).where(_C.id == request_id)).first()
    return _request(row) if row else None


def of_person(tx: Connection, person_id: str, *, since: int) -> list[AccessRequest]:
    """What a person asked for since a time, the newest first."""
    statement = select(access_requests).where(_C.person_id == person_id, _C.created_at >= since)
    return [_request(row) for row in tx.execute(statement.order_by(_C.created_at.desc(), _C.id.desc()))]


def settle(
    tx: Connection,
    request_id: str,
    state: RequestState,
    now: int,
    *,
    by: str,
    ends_at: int | None = None,
    answer: str = "",
) -> AccessRequest | None:
    """Leave the state `open`: one conditional UPDATE; None if the request is unknown, answered or over (HT-3)."""
    live = _C.expires_at <= now if state is RequestState.EXPIRED else _C.expires_at > now
    values = {"state": state.value, "decided_at": now, "decided_by": by, "ends_at": ends_at, "answer": answer}
    statement = update(access_requests).where(_C.id == request_id, _OPEN, live).values(**values).returning(access_requests)
    row = tx.execute(statement).first()
    return _request(row) if row else None


def page(
    tx: Connection,
    state: RequestState,
    *,
    applications: Collection[str] | None,
    before: tuple[int, str] | None = None,
    limit: int,
) -> list[AccessRequest]:
    """Requests of one state, the newest first, behind the (created_at, id) `before`; only of some applications, if given."""
    statement = select(access_requests).where(_C.state == state.value)
    if applications is not None:
        statement = statement.where(_C.application.in_(sorted(applications)))
    if before is not None:
        statement = statement.where(or_(_C.created_at < before[0], and_(_C.created_at == before[0], _C.id < before[1])))
    statement = statement.order_by(_C.created_at.desc(), _C.id.desc()).limit(limit)
    return [_request(row) for row in tx.execute(statement)]


def count(tx: Connection, state: RequestState, *, applications: Collection[str] | None, most: int) -> int:
    """How many requests have this state, counted up to `most`."""
    statement = select(_C.id).where(_C.state == state.value)
    if applications is not None:
        statement = statement.where(_C.application.in_(sorted(applications)))
    return len(tx.execute(statement.limit(most)).all())


def overdue(tx: Connection, now: int, limit: int) -> list[str]:
    """Open requests whose time is over: their ids, the oldest first."""
    statement = select(_C.id).where(_OPEN, _C.expires_at <= now).order_by(_C.expires_at).limit(limit)
    return [str(row[0]) for row in tx.execute(statement)]


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete requests that were over before a time."""
    return delete_some(tx, access_requests, _C.expires_at < before, _C.expires_at, limit)


def colleagues(tx: Connection, application: str, partner: str, now: int, *, most: int) -> tuple[int, int] | None:
    """Of a partner's people: how many hold the application now, and how many there are; None for more than `most` people."""
    theirs = tx.execute(select(people.c.id).where(people.c.partner == partner).limit(most + 1)).scalars().all()
    if not theirs or len(theirs) > most:
        return (0, 0) if not theirs else None
    own = select(assignments.c.person_id).where(
        assignments.c.person_id.in_(theirs), assignments.c.application == application, _holds(assignments, now)
    )
    through = (
        select(group_members.c.person_id)
        .join(group_assignments, group_assignments.c.group_id == group_members.c.group_id)
        .where(
            group_members.c.person_id.in_(theirs), group_assignments.c.application == application, _holds(group_assignments, now)
        )
    )
    held = {*tx.execute(own).scalars(), *tx.execute(through).scalars()}
    return len(held), len(theirs)


def _holds(table: Table, now: int) -> ColumnElement[bool]:
    return and_(table.c.starts_at <= now, or_(table.c.ends_at.is_(None), table.c.ends_at > now))
