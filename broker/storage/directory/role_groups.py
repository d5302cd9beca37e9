"""Groups as the page of roles reads them: whom `group:NAME` means, and who owns groups."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, case, func, literal, or_, select, union_all

from broker.domain.group import folded
from broker.domain.guest import GuestState, PersonKind
from broker.storage.tables import group_members, group_owners, groups, people

_G, _M, _O, _P = groups.c, group_members.c, group_owners.c, people.c


def known(tx: Connection, names: Collection[str]) -> dict[str, tuple[str, str]]:
    """Folded name -> (id, name) of the groups with these names."""
    if not names:
        return {}
    rows = tx.execute(select(_G.folded, _G.id, _G.name).where(_G.folded.in_(sorted(folded(name) for name in names))))
    return {str(row[0]): (str(row[1]), str(row[2])) for row in rows}


def staff_counts(tx: Connection, group_ids: Collection[str], now: int, *, most: int) -> dict[str, tuple[int, int]]:
    """Group id -> (its members, those who are members of staff at work with a verified address), of at most `most` members each."""
    if not group_ids:
        return {}
    at_work = and_(
        _P.kind == PersonKind.MEMBER.value,
        _P.state == GuestState.ACTIVE.value,
        _P.email_verified,
        or_(_P.expires_at.is_(None), _P.expires_at > now),
    )
    parts = []
    for group_id in sorted(group_ids):
        some = (
            select(case((at_work, 1), else_=0).label("works"))
            .select_from(group_members.join(people, _P.id == _M.person_id))
            .where(_M.group_id == group_id)
            .limit(most)
            .subquery()
        )
        parts.append(select(literal(group_id), func.count(), func.coalesce(func.sum(some.c.works), 0)).select_from(some))
    return {str(row[0]): (int(row[1]), int(row[2])) for row in tx.execute(union_all(*parts))}


def owners(tx: Connection, *, after: str, limit: int) -> list[str]:
    """The addresses of owners of groups, in their order, behind the address `after`."""
    statement = select(_O.email).where(_O.email > after).distinct().order_by(_O.email).limit(limit)
    return [str(row[0]) for row in tx.execute(statement)]


def owned(tx: Connection, emails: Collection[str], *, limit: int) -> dict[str, list[tuple[str, str]]]:
    """Address -> (id, name) of the groups that it owns, at most `limit` each."""
    found: dict[str, list[tuple[str, str]]] = {}
    if not emails:
        return found
    parts = []
    for email in sorted(emails):
        some = (
            select(_O.email, _G.id, _G.name, _G.folded)
            .join(groups, _G.id == _O.group_id)
            .where(_O.email == email)
            .order_by(_O.group_id)
            .limit(limit)
            .subquery()
        )
        parts.append(select(some))
    for email, group_id, name, _folded in sorted(tx.execute(union_all(*parts)), key=lambda row: (row[0], row[3])):
        found.setdefault(str(email), []).append((str(group_id), str(name)))
    return found
