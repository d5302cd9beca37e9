"""Which version of the terms of use somebody accepted, when, and in which language they read it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select

from broker.storage.dialects import for_both, run
from broker.storage.tables import terms

_C = terms.c
_ACCEPTED = select(_C.accepted_at).where(_C.person_id == bindparam("person"), _C.version == bindparam("of_version"))
_ACCEPT = for_both(terms, lambda row: row.on_conflict_do_nothing(index_elements=["person_id", "version"]))


def accepted_at(tx: Connection, person_id: str, version: str) -> int | None:
    """When a person accepted a version; None if not."""
    return tx.execute(_ACCEPTED, {"person": person_id, "of_version": version}).scalar_one_or_none()


def accept(tx: Connection, person_id: str, version: str, language: str, now: int) -> bool:
    """Note it; False if it was noted before."""
    values = {"person_id": person_id, "version": version, "language": language, "accepted_at": now}
    return run(tx, _ACCEPT, values).rowcount == 1


def of_person(tx: Connection, person_id: str) -> list[dict[str, Any]]:
    """Every version that a person accepted, the newest first."""
    rows = tx.execute(select(terms).where(_C.person_id == person_id).order_by(_C.accepted_at.desc()))
    return [dict(row._mapping) for row in rows]
