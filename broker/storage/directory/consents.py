"""Consent records: (person, application, scopes, version), given, looked at, withdrawn (HP-61)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from broker.domain.ids import new_id
from broker.storage.tables import consents

_C = consents.c
_GIVEN = (
    select(_C.scopes)
    .where(_C.person_id == bindparam("person"), _C.application == bindparam("client"), _C.withdrawn_at.is_(None))
    .order_by(_C.version.desc())
    .limit(1)
)


def given(tx: Connection, person_id: str, application: str) -> frozenset[str] | None:
    """The scopes agreed to, None where there is no record."""
    row = tx.execute(_GIVEN, {"person": person_id, "client": application}).first()
    return frozenset(row[0]) if row else None


def record(tx: Connection, person_id: str, application: str, scopes: Iterable[str], now: int) -> None:
    """Adds a version: it holds what was agreed to before, too, unless that was withdrawn."""
    c = consents.c
    statement = select(c.scopes, c.version, c.withdrawn_at).where(c.person_id == person_id, c.application == application)
    last = tx.execute(statement.order_by(c.version.desc()).limit(1)).first()
    held = set(last[0]) if last and last[2] is None else set()
    tx.execute(
        insert(consents).values(
            id=new_id(),
            person_id=person_id,
            application=application,
            scopes=sorted(held | set(scopes)),
            version=(last[1] if last else 0) + 1,
            given_at=now,
        )
    )


def withdraw(tx: Connection, person_id: str, application: str, now: int) -> int:
    """Withdraw what was agreed to; the number of records."""
    c = consents.c
    statement = update(consents).where(c.person_id == person_id, c.application == application, c.withdrawn_at.is_(None))
    return tx.execute(statement.values(withdrawn_at=now)).rowcount


def listed(tx: Connection, person_id: str) -> list[dict[str, Any]]:
    """Every record of a person, newest first."""
    rows = tx.execute(select(consents).where(consents.c.person_id == person_id).order_by(consents.c.given_at.desc()))
    return [dict(row._mapping) for row in rows]
