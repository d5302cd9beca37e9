"""How many guests an application or a group has, counted up to a limit: what the owner of it sees at a glance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, literal, select, union_all

from broker.domain.guest import GuestState, PersonKind
from broker.storage.directory.assignments import in_force
from broker.storage.tables import assignments, group_assignments, group_members, people

MOST = 10_000  # people that are looked at; of more it is known only that there are more
_A, _GA, _M, _P = assignments.c, group_assignments.c, group_members.c, people.c


@dataclass(frozen=True, slots=True)
class AccessCount:
    """ending: guests whose access as a guest ends before the time that was asked for. more: there are more people than were looked at."""

    guests: int
    ending: int
    more: bool = False


def of_applications(
    tx: Connection, client_ids: Iterable[str], now: int, soon: int, *, most: int = MOST
) -> dict[str, AccessCount]:
    """The guests who may use each application now, by an assignment of their own or through a group, in one statement."""
    return _counted(tx, {one: _at_application(one) for one in client_ids}, now, soon, most)


def of_groups(tx: Connection, group_ids: Iterable[str], now: int, soon: int, *, most: int = MOST) -> dict[str, AccessCount]:
    """The guests in each group, in one statement."""
    return _counted(tx, {one: select(_M.person_id).where(_M.group_id == one) for one in group_ids}, now, soon, most)


def _at_application(client_id: str) -> Select[Any]:
    own = select(_A.person_id).where(_A.application == client_id, in_force(assignments))
    through = (
        select(_M.person_id)
        .join(group_assignments, _GA.group_id == _M.group_id)
        .where(_GA.application == client_id, in_force(group_assignments))
    )
    return select(union_all(own, through).subquery().c.person_id)


def _counted(tx: Connection, held: dict[str, Select[Any]], now: int, soon: int, most: int) -> dict[str, AccessCount]:
    """held: name -> the people. Each is cut before it is counted, so that a million members cost as much as ten thousand."""
    if not held:
        return {}
    parts = []
    for name, of in held.items():
        some = of.limit(most).subquery()
        seen = select(func.count()).select_from(of.limit(most + 1).subquery()).scalar_subquery()
        guests = select(_P.id, _P.expires_at).join(some, some.c.person_id == _P.id).distinct()
        alive = guests.where(_P.kind == PersonKind.GUEST, _P.state.in_((GuestState.INVITED, GuestState.ACTIVE))).subquery()
        ends = func.count(alive.c.expires_at).filter(alive.c.expires_at > bindparam("now"), alive.c.expires_at < soon)
        parts.append(select(literal(name), func.count(alive.c.id), ends, seen))
    rows = tx.execute(union_all(*parts), {"now": now})
    return {str(row[0]): AccessCount(int(row[1]), int(row[2]), int(row[3]) > most) for row in rows}
