"""The `sub` of a person in a sector: random, found by index, never taken from a partner, never given again (HT-6, HT-7)."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from broker.domain.ids import new_secret
from broker.storage.dialects import for_both, run
from broker.storage.tables import subjects

_FIND = select(subjects.c.sub).where(subjects.c.sector == bindparam("of_sector"), subjects.c.person_id == bindparam("of_person"))
_ADD = for_both(subjects, lambda row: row.on_conflict_do_nothing(index_elements=["sector", "person_id"]))


def find(tx: Connection, sector: str, person_id: str) -> str | None:
    """The sub, None before the first grant. sector: a client_id, or "" for public subjects."""
    return tx.execute(_FIND, {"of_sector": sector, "of_person": person_id}).scalar_one_or_none()


def obtain(tx: Connection, sector: str, person_id: str) -> str:
    """The sub, made at the first use; two transactions at once get the same."""
    known = find(tx, sector, person_id)
    if known is not None:
        return known
    run(tx, _ADD, {"sector": sector, "person_id": person_id, "sub": new_secret()})
    return str(tx.execute(_FIND, {"of_sector": sector, "of_person": person_id}).scalar_one())
