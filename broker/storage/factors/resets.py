"""Whose sign-in methods will be removed, and when: one row a person."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, select

from broker.storage.batches import BATCH
from broker.storage.dialects import for_both, run
from broker.storage.tables import factor_resets

_C = factor_resets.c
_DUE_AT = select(_C.due_at).where(_C.person_id == bindparam("person"))
_SCHEDULE = for_both(factor_resets, lambda row: row.on_conflict_do_nothing(index_elements=["person_id"]))
_STOP = delete(factor_resets).where(_C.person_id == bindparam("person"))
_TAKE = _STOP.where(_C.due_at <= bindparam("now"))


def schedule(tx: Connection, person_id: str, due_at: int, now: int) -> bool:
    """Note a reset; False where one is noted: the earlier one stands."""
    return run(tx, _SCHEDULE, {"person_id": person_id, "due_at": due_at, "created_at": now}).rowcount == 1


def due_at(tx: Connection, person_id: str) -> int | None:
    """When a person's reset is due; None if there is none."""
    return tx.execute(_DUE_AT, {"person": person_id}).scalar_one_or_none()


def stop(tx: Connection, person_id: str) -> bool:
    """Take a reset back; False if there was none."""
    return tx.execute(_STOP, {"person": person_id}).rowcount == 1


def due(tx: Connection, now: int, limit: int = BATCH) -> list[str]:
    """People whose reset is due."""
    statement = select(_C.person_id).where(_C.due_at <= now).order_by(_C.due_at).limit(limit)
    return [str(row[0]) for row in tx.execute(statement)]


def take(tx: Connection, person_id: str, now: int) -> bool:
    """Carry it out: once, and only if it is still due (HT-3)."""
    return tx.execute(_TAKE, {"person": person_id, "now": now}).rowcount == 1
