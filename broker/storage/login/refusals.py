"""The capped log of what was refused outside any login: pages, and requests of applications (HT-13, FC-02)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, true

from broker.domain.network import counted
from broker.domain.receipt import Place, ReceiptSource, Search
from broker.domain.times import HOUR
from broker.storage.batches import BATCH, delete_some
from broker.storage.operations.rate_limits import count_attempt
from broker.storage.tables import refusals

KEPT = 10_000
PER_HOUR = 100


def add(
    tx: Connection,
    *,
    request_id: str,
    at: int,
    code: str,
    reason: str,
    address: str,
    application: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Log one refusal: 100 an hour and address, 10,000 in all; False where a cap says no."""
    c = refusals.c
    if count_attempt(tx, f"refusal:{counted(address)}", at, HOUR) > PER_HOUR:
        return False
    row = {"request_id": request_id, "at": at, "code": code, "reason": reason, "address": address}
    tx.execute(insert(refusals).values(**row, application=application, facts=dict(facts) if facts else None))
    oldest = select(c.at).order_by(c.at.desc()).offset(KEPT).limit(1).scalar_subquery()
    tx.execute(delete(refusals).where(c.at <= oldest))
    return True


def by_request(tx: Connection, request_id: str) -> dict[str, Any] | None:
    """One refusal by its reference."""
    row = tx.execute(select(refusals).where(refusals.c.request_id == request_id)).first()
    return dict(row._mapping) if row else None


def newest(tx: Connection, search: Search, limit: int = 50, *, after: Place | None = None) -> list[dict[str, Any]]:
    """Refusals, newest first: by application, reason and time. after: only those behind this place."""
    c = refusals.c
    statement = select(refusals)
    if after is not None:
        same_second = c.request_id < after.row if after.source is ReceiptSource.REFUSAL else true()
        statement = statement.where(c.at <= after.at, or_(c.at < after.at, same_second))
    if search.applications is not None:
        statement = statement.where(c.application.in_(sorted(search.applications)))
    if search.application is not None:
        statement = statement.where(c.application == search.application)
    if search.reason is not None:
        statement = statement.where(or_(c.reason == search.reason, c.code == search.reason))
    if search.since is not None:
        statement = statement.where(c.at >= search.since)
    if search.until is not None:
        statement = statement.where(c.at < search.until)
    rows = tx.execute(statement.order_by(c.at.desc(), c.request_id.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete refusals older than a time."""
    return delete_some(tx, refusals, refusals.c.at < before, refusals.c.at, limit)
