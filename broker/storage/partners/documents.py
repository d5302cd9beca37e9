"""Discovery documents, key sets and metadata: fetched once, read by every node (HT-20)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from broker.storage.tables import documents

_OF_PARTNER = select(documents).where(documents.c.partner == bindparam("owner"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """One row. body: the last good copy, None before the first. problem: why the last try failed, None if it did not."""

    partner: str
    kind: str
    url: str
    body: str | None
    problem: str | None
    fetched_at: int | None
    fresh_until: int
    valid_until: int | None
    next_try_at: int


def of_partner(tx: Connection, partner: str) -> dict[str, StoredDocument]:
    """The documents of a partner by kind."""
    rows = tx.execute(_OF_PARTNER, {"owner": partner})
    return {row._mapping["kind"]: StoredDocument(**row._mapping) for row in rows}


def all_of(tx: Connection) -> list[StoredDocument]:
    """Every document."""
    return [StoredDocument(**row._mapping) for row in tx.execute(select(documents))]


def due(tx: Connection, *, now: int, ahead: int, limit: int = 200) -> list[tuple[str, str]]:
    """(partner, kind) of documents that are not fresh in `ahead` seconds any more and may be fetched, the stalest first.

    Federations are renewed by their own index.
    """
    c = documents.c
    stale = select(c.partner, c.kind).where(c.fresh_until <= now + ahead, c.next_try_at <= now, c.kind != "federation")
    return [(row[0], row[1]) for row in tx.execute(stale.order_by(c.next_try_at).limit(limit))]


def forget(tx: Connection, partner: str, kind: str) -> None:
    """Delete a document of somebody whom the files do not name any more."""
    tx.execute(delete(documents).where(documents.c.partner == partner, documents.c.kind == kind))


def claim(tx: Connection, partner: str, kind: str, url: str, *, now: int, pause: int) -> bool:
    """The right to fetch, for one node and `pause` seconds, taken by one statement (HO-6); another URL's copy is dropped."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(documents).values(partner=partner, kind=kind, url=url, fresh_until=0, next_try_at=now + pause)
    statement = statement.on_conflict_do_update(
        index_elements=["partner", "kind"],
        set_={"next_try_at": now + pause, "url": url, "body": case((documents.c.url == url, documents.c.body), else_=None)},
        where=or_(documents.c.next_try_at <= now, documents.c.url != url),
    )
    return tx.execute(statement).rowcount == 1


def store(
    tx: Connection,
    partner: str,
    kind: str,
    *,
    url: str,
    body: str,
    now: int,
    fresh_until: int,
    next_try_at: int,
    valid_until: int | None = None,
) -> None:
    """Keep a good copy. next_try_at: no node fetches before that time."""
    c = documents.c
    values = _copy(url, body, now, fresh_until, valid_until, next_try_at)
    tx.execute(update(documents).where(c.partner == partner, c.kind == kind).values(**values))


def keep(
    tx: Connection, partner: str, kind: str, *, url: str, body: str, now: int, fresh_until: int, valid_until: int | None
) -> None:
    """Keep a copy of what was not fetched: a file of the home that every node has."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    values = _copy(url, body, now, fresh_until, valid_until, fresh_until)
    statement = dialect.insert(documents).values(partner=partner, kind=kind, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["partner", "kind"], set_=values))


def fail(tx: Connection, partner: str, kind: str, *, problem: str, next_try_at: int) -> bool:
    """Note why a fetch failed; the last good copy stays. Whether it is another reason than the last time."""
    c = documents.c
    ours = update(documents).where(c.partner == partner, c.kind == kind)
    new = (
        tx.execute(ours.where(c.problem.is_distinct_from(problem)).values(problem=problem, next_try_at=next_try_at)).rowcount == 1
    )
    if not new:
        tx.execute(ours.values(next_try_at=next_try_at))
    return new


def _copy(url: str, body: str, now: int, fresh_until: int, valid_until: int | None, next_try_at: int) -> dict[str, object]:
    """The columns of a good copy."""
    return {
        "url": url,
        "body": body,
        "problem": None,
        "fetched_at": now,
        "fresh_until": fresh_until,
        "valid_until": valid_until,
        "next_try_at": next_try_at,
    }
