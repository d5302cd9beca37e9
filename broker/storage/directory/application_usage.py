"""What a person's own page shows in addition to the directory's rows."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from broker.storage.tables import grants

_C = grants.c
_LAST = (
    select(_C.client_id, func.max(_C.created_at).label("at"))
    .where(_C.person_id == bindparam("person"))
    .group_by(_C.client_id)
    .subquery()
)
_USED = (
    select(_C.client_id, _C.created_at, _C.claims)
    .join(_LAST, (_LAST.c.client_id == _C.client_id) & (_LAST.c.at == _C.created_at))
    .where(_C.person_id == bindparam("person"))
)


class LastUse(NamedTuple):
    """The last sign-in at an application. given: the names of the claims that were released to it."""

    at: int
    given: tuple[str, ...]


def last_used(tx: Connection, person_id: str) -> dict[str, LastUse]:
    """client_id -> the person's last sign-in there, as far as it is remembered."""
    rows = tx.execute(_USED, {"person": person_id})
    return {str(row[0]): LastUse(int(row[1]), tuple(sorted(row[2]))) for row in rows}
