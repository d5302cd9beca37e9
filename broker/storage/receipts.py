"""Receipts of sign-ins, and the capped log of refusals that belong to no login (HT-13, HT-19)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from broker.domain.guest import Kind
from broker.domain.receipt import Outcome, Receipt
from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import people, receipts, refusals

REFUSALS_KEPT = 10_000
REFUSALS_PER_HOUR = 100

_PLAIN = ("id", "request_id", "at", "person_id", "application", "partner", "error", "reason", "facts", "address", "config")
_REPLACED = tuple(column.name for column in receipts.columns if column.name not in ("id", "request_id"))
_SAVE = for_both(
    receipts,
    lambda row: row.on_conflict_do_update(index_elements=["id"], set_={name: row.excluded[name] for name in _REPLACED}),
)


def _receipt(row: Row[Any]) -> Receipt:
    m = row._mapping
    return Receipt(
        **{name: m[name] for name in _PLAIN},
        outcome=Outcome(m["outcome"]),
        steps=tuple(m["steps"]) if "steps" in m else (),
        policies=tuple(m["policies"]),
    )


def save(tx: Connection, receipt: Receipt) -> None:
    """One login, one receipt: a later end of the same login replaces the earlier one and keeps its steps."""
    row = {name: getattr(receipt, name) for name in _PLAIN} | {
        "outcome": receipt.outcome.value,
        "steps": [dict(step) for step in receipt.steps],
        "policies": [dict(policy) for policy in receipt.policies],
        "facts": dict(receipt.facts),
    }
    run(tx, _SAVE, row)


def by_request(tx: Connection, request_id: str) -> Receipt | None:
    """The receipt that a reference on a page names."""
    row = tx.execute(select(receipts).where(receipts.c.request_id == request_id)).first()
    return _receipt(row) if row else None


def newest(
    tx: Connection, *, person_id: str | None = None, partner: str | None = None, limit: int = 50
) -> list[tuple[Receipt, str | None]]:
    """Receipts, newest first, with the address that the directory has for the person now."""
    statement = select(receipts, people.c.email).join(people, people.c.id == receipts.c.person_id, isouter=True)
    if person_id is not None:
        statement = statement.where(receipts.c.person_id == person_id)
    if partner is not None:
        statement = statement.where(receipts.c.partner == partner)
    rows = tx.execute(statement.order_by(receipts.c.at.desc(), receipts.c.id.desc()).limit(limit))
    return [(_receipt(row), row._mapping["email"]) for row in rows]


def judged(tx: Connection, after: tuple[int, str], limit: int = BATCH) -> list[tuple[Receipt, str, Kind]]:
    """Sign-ins that reached the policies, oldest first, behind (time, id): without their steps, with address and kind of now.

    Those whose person was deleted are left out: a policy that names guests could not be judged.
    """
    c = receipts.c
    columns = [column for column in c if column.name != "steps"]
    later = (c.at >= after[0]) & or_(c.at > after[0], c.id > after[1])
    counted = or_(c.outcome == Outcome.ALLOWED.value, c.error == "policy_blocked")
    statement = (
        select(*columns, people.c.email.label("person_email"), people.c.kind.label("person_kind"))
        .join(people, people.c.id == c.person_id)
        .where(later, counted, people.c.email.is_not(None))
        .order_by(c.at, c.id)
        .limit(limit)
    )
    rows: list[Row[Any]] = list(tx.execute(statement))
    return [(_receipt(row), row._mapping["person_email"], Kind(row._mapping["person_kind"])) for row in rows]


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete receipts older than a time."""
    return delete_some(tx, receipts, receipts.c.at < before, receipts.c.at, limit)


def purge_refusals(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete refusals older than a time."""
    return delete_some(tx, refusals, refusals.c.at < before, refusals.c.at, limit)


def addresses(tx: Connection, after: tuple[int, str], before: int, limit: int = BATCH) -> list[tuple[str, int, str]]:
    """(id, time, address) of receipts behind (time, id) and older than a time, oldest first (HT-19)."""
    c = receipts.c
    later = (c.at >= after[0]) & or_(c.at > after[0], c.id > after[1])
    statement = select(c.id, c.at, c.address).where(later, c.at < before).order_by(c.at, c.id).limit(limit)
    return [(row[0], row[1], row[2]) for row in tx.execute(statement)]


def shorten(tx: Connection, address: str, ids: list[str]) -> int:
    """Put a network in the place of the address of some receipts."""
    return tx.execute(update(receipts).where(receipts.c.id.in_(ids)).values(address=address)).rowcount


def refuse(tx: Connection, *, request_id: str, at: int, code: str, reason: str, address: str) -> bool:
    """Log a refusal of no live login: 100 an hour and address, 10,000 in all; False where a cap says no."""
    c = refusals.c
    recent = select(func.count()).select_from(refusals).where(c.address == address, c.at > at - 3600)
    if (tx.execute(recent).scalar() or 0) >= REFUSALS_PER_HOUR:
        return False
    tx.execute(insert(refusals).values(request_id=request_id, at=at, code=code, reason=reason, address=address))
    oldest = select(c.at).order_by(c.at.desc()).offset(REFUSALS_KEPT).limit(1).scalar_subquery()
    tx.execute(delete(refusals).where(c.at <= oldest))
    return True


def refusal(tx: Connection, request_id: str) -> dict[str, Any] | None:
    """One refusal by its reference."""
    row = tx.execute(select(refusals).where(refusals.c.request_id == request_id)).first()
    return dict(row._mapping) if row else None
