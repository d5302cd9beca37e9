"""The audit as a chain: rows numbered after they were committed, and the one anchor that says where the chain begins and ends (HT-18)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, func, select, text, update

from broker.storage.batches import BATCH
from broker.storage.dialects import for_both, run
from broker.storage.tables import audit, audit_anchor

PAGE = 2_000  # rows of one statement of a reader
_ONE = 1  # the anchor's only row
_C = audit.c
_EVENT = (_C.id, _C.at, _C.name, _C.actor_kind, _C.actor_id, _C.request_id, _C.subject, _C.target, _C.reason, _C.data)

_FIRST = for_both(audit_anchor, lambda row: row.on_conflict_do_nothing(index_elements=["id"]))
_WAITING = select(*_EVENT).where(_C.seq.is_(None)).order_by(_C.at, _C.id).limit(bindparam("limit"))
_UNCHAINED: dict[str, Executable] = {
    "postgresql": _WAITING,
    # Left to itself SQLite sorts all that waits for each batch: after an upgrade that can be millions.
    "sqlite": text(
        "SELECT id, at, name, actor_kind, actor_id, request_id, subject, target, reason, data FROM audit "
        "INDEXED BY ix_audit_unchained WHERE seq IS NULL ORDER BY at, id LIMIT :limit"
    ).columns(*_EVENT),
}
_NUMBER = (
    update(audit)
    .where(_C.id == bindparam("row"), _C.seq.is_(None))
    .values(seq=bindparam("new_seq"), chain=bindparam("new_chain"))
)
_CHAINED = (
    select(*_EVENT, _C.seq, _C.chain)
    .where(_C.seq > bindparam("after"), _C.seq <= bindparam("until"))
    .order_by(_C.seq)
    .limit(bindparam("limit"))
)


def anchor(tx: Connection) -> str | None:
    """The sealed anchor; None before anything was chained."""
    found = tx.execute(select(audit_anchor.c.sealed).where(audit_anchor.c.id == _ONE)).scalar_one_or_none()
    return str(found) if found else None


def lock_anchor(tx: Connection) -> str | None:
    """The same in a writing transaction: until it ends nobody else chains (two commands may run at once)."""
    run(tx, _FIRST, {"id": _ONE, "sealed": ""})
    found = tx.execute(select(audit_anchor.c.sealed).where(audit_anchor.c.id == _ONE).with_for_update()).scalar_one()
    return str(found) if found else None


def save_anchor(tx: Connection, sealed: str) -> None:
    """Write the anchor that was locked."""
    tx.execute(update(audit_anchor).where(audit_anchor.c.id == _ONE).values(sealed=sealed))


def unchained(tx: Connection, limit: int = BATCH) -> list[dict[str, Any]]:
    """Committed events without a number, the oldest first."""
    return [dict(row._mapping) for row in tx.execute(_UNCHAINED[tx.dialect.name], {"limit": limit})]


def number(tx: Connection, rows: Sequence[tuple[str, int, str]]) -> None:
    """Give events their number and chain: (id, seq, chain)."""
    tx.execute(_NUMBER, [{"row": row, "new_seq": seq, "new_chain": chain} for row, seq, chain in rows])


def chained(tx: Connection, after: int, until: int) -> Iterator[dict[str, Any]]:
    """Events with their numbers, in order, from behind `after` to `until`; a page at a time is in memory."""
    while True:
        rows = tx.execute(_CHAINED, {"after": after, "until": until, "limit": PAGE}).all()
        for row in rows:
            yield dict(row._mapping)
        if len(rows) < PAGE:
            return
        after = rows[-1].seq


def chain_of(tx: Connection, seq: int) -> str | None:
    """The HMAC of the event with a number; None if there is none."""
    found = tx.execute(select(_C.chain).where(_C.seq == seq)).scalar_one_or_none()
    return str(found) if found else None


def last_number(tx: Connection) -> int:
    """The greatest number that an event has; 0 if none has one."""
    return int(tx.execute(select(func.max(_C.seq))).scalar_one() or 0)


def not_chained(tx: Connection) -> int:
    """How many events wait for their number."""
    return int(tx.execute(select(func.count()).select_from(audit).where(_C.seq.is_(None))).scalar_one())


def oldest(tx: Connection, after: int, limit: int = BATCH) -> list[tuple[int, int, str]]:
    """(seq, at, chain) of the events behind a number, in order."""
    found = select(_C.seq, _C.at, _C.chain).where(_C.seq > after).order_by(_C.seq).limit(limit)
    return [(row.seq, row.at, row.chain) for row in tx.execute(found)]


def remove(tx: Connection, until: int) -> int:
    """Delete the events up to a number, with their personal values; how many there were."""
    return tx.execute(delete(audit).where(_C.seq <= until)).rowcount
