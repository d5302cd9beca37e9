"""The `sub` of a person in a sector: random, found by index, never taken from a partner, never given again (HT-6, HT-7)."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from broker.domain.ids import new_secret
from broker.storage.tables import subjects


def find(tx: Connection, sector: str, person_id: str) -> str | None:
    """The sub, None before the first grant. sector: a client_id, or "" for public subjects."""
    c = subjects.c
    return tx.execute(select(c.sub).where(c.sector == sector, c.person_id == person_id)).scalar_one_or_none()


def obtain(tx: Connection, sector: str, person_id: str) -> str:
    """The sub, made at the first use; two transactions at once get the same."""
    known = find(tx, sector, person_id)
    if known is not None:
        return known
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(subjects).values(sector=sector, person_id=person_id, sub=new_secret())
    tx.execute(statement.on_conflict_do_nothing(index_elements=["sector", "person_id"]))
    c = subjects.c
    return str(tx.execute(select(c.sub).where(c.sector == sector, c.person_id == person_id)).scalar_one())
