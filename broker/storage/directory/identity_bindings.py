"""Which external identities a partner's guests are bound to, and ending these bindings when a partner migrates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select

from broker.domain.guest import PersonKind
from broker.storage.tables import assignments, consents, grants, group_members, identities, people, sessions

_I = identities.c


@dataclass(frozen=True, slots=True)
class BoundIdentity:
    """What a person has now, in numbers. identities: of the partner that was asked about."""

    identities: int = 0
    sessions: int = 0
    grants: int = 0
    groups: int = 0
    assignments: int = 0
    consents: int = 0


def _old(partner: str, issuer: str | None, before: int | None) -> ColumnElement[bool]:
    """Bound to another provider than the partner's of today, or before a time; to any where no provider is named."""
    if issuer is None and before is None:
        return _I.partner == partner
    stale = [_I.issuer != issuer] if issuer is not None else []
    early = [_I.bound_at < before] if before is not None else []
    return (_I.partner == partner) & or_(*stale, *early)


def guests_of(tx: Connection, partner: str, *, issuer: str | None, before: int | None, after: str, limit: int) -> list[str]:
    """The ids of guests with an old binding, a page of them behind `after`."""
    old = select(_I.person_id).where(_old(partner, issuer, before), _I.person_id > after)
    statement = select(people.c.id).where(people.c.id.in_(old), people.c.kind == PersonKind.GUEST.value)
    return [str(row[0]) for row in tx.execute(statement.order_by(people.c.id).limit(limit))]


def count_of(tx: Connection, partner: str, *, issuer: str | None, before: int | None) -> int:
    """How many guests have an old binding."""
    old = select(_I.person_id).where(_old(partner, issuer, before))
    statement = select(func.count()).where(people.c.id.in_(old), people.c.kind == PersonKind.GUEST.value)
    return int(tx.execute(statement).scalar_one())


def unbind(tx: Connection, person_id: str, partner: str | None = None) -> int:
    """End the bindings of a person, or only those to one partner; the number of them."""
    whose = (_I.person_id == person_id, *([_I.partner == partner] if partner is not None else []))
    return tx.execute(delete(identities).where(*whose)).rowcount


def held(tx: Connection, ids: Sequence[str], partner: str | None, now: int) -> dict[str, BoundIdentity]:
    """What some people have now; one statement a kind of thing."""
    s, g, a, c, m = sessions.c, grants.c, assignments.c, consents.c, group_members.c
    bound = (_I.person_id.in_(ids), *([_I.partner == partner] if partner is not None else []))
    found = {
        "identities": select(_I.person_id, func.count()).where(*bound).group_by(_I.person_id),
        "sessions": select(s.person_id, func.count())
        .where(s.person_id.in_(ids), s.ended_at.is_(None), s.expires_at > now)
        .group_by(s.person_id),
        "grants": select(g.person_id, func.count()).where(g.person_id.in_(ids), g.ended_at.is_(None)).group_by(g.person_id),
        "groups": select(m.person_id, func.count()).where(m.person_id.in_(ids)).group_by(m.person_id),
        "assignments": select(a.person_id, func.count())
        .where(a.person_id.in_(ids), or_(a.ends_at.is_(None), a.ends_at > now))
        .group_by(a.person_id),
        "consents": select(c.person_id, func.count(c.application.distinct()))
        .where(c.person_id.in_(ids), c.withdrawn_at.is_(None))
        .group_by(c.person_id),
    }
    counts = {name: {str(row[0]): int(row[1]) for row in tx.execute(query)} for name, query in found.items()}
    return {one: BoundIdentity(**{name: of.get(one, 0) for name, of in counts.items()}) for one in ids}
