"""Grants and their codes. A grant that has ended takes its codes, access and refresh tokens with it (HT-8)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    ScalarSelect,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from broker.domain.assignment import Principal
from broker.domain.grant_status import Standing
from broker.domain.guest import GuestState, PersonKind
from broker.domain.ids import digest
from broker.domain.login import Grant
from broker.domain.token import SpentCode
from broker.storage.batches import BATCH, delete_some
from broker.storage.directory.assignments import in_force
from broker.storage.oauth import logout_notices
from broker.storage.tables import (
    access_tokens,
    assignments,
    codes,
    consents,
    factors,
    grants,
    group_assignments,
    group_members,
    groups,
    people,
    refresh_families,
    sessions,
    terms,
)

_PLAIN = ("id", "sid", "person_id", "client_id", "sub", "claims", "requested", "acr", "auth_time", "idp", "nonce", "address", "proof", "created_at", "ended_at")  # fmt: skip


_ADD = insert(grants)
_ADD_CODE = insert(codes)


def add(tx: Connection, grant: Grant) -> None:
    """Insert a grant."""
    row = {name: getattr(grant, name) for name in _PLAIN} | {"scopes": list(grant.scopes), "amr": list(grant.amr)}
    tx.execute(_ADD, row)


def add_code(
    tx: Connection, code: str, grant: Grant, *, redirect_uri: str, challenge: str | None, expires_at: int, jkt: str | None = None
) -> None:
    """Insert a code by its hash. jkt: the thumbprint of the key that it is bound to."""
    row = {
        "code": digest(code),
        "grant_id": grant.id,
        "client_id": grant.client_id,
        "redirect_uri": redirect_uri,
        "challenge": challenge,
        "jkt": jkt,
        "expires_at": expires_at,
    }
    tx.execute(_ADD_CODE, row)


_TAKE_CODE = (
    update(codes)
    .where(
        codes.c.code == bindparam("hash"),
        codes.c.client_id == bindparam("client"),
        codes.c.spent_at.is_(None),
        codes.c.expires_at > bindparam("now"),
    )
    .values(spent_at=bindparam("now"))
    .returning(codes.c.grant_id, codes.c.redirect_uri, codes.c.challenge, codes.c.jkt)
)


def take_code(tx: Connection, code: str, client_id: str, now: int) -> SpentCode | None:
    """Spend a code of this client, once (HP-30); None if it is unknown, over, spent or another client's."""
    row = tx.execute(_TAKE_CODE, {"hash": digest(code), "client": client_id, "now": now}).first()
    return SpentCode(*row) if row else None


def grant_of_spent_code(tx: Connection, code: str, client_id: str) -> str | None:
    """The grant of a code that this client has spent before; None for any other code."""
    c = codes.c
    statement = select(c.grant_id).where(c.code == digest(code), c.client_id == client_id, c.spent_at.is_not(None))
    return tx.execute(statement).scalar_one_or_none()


_BREAK = "\n"  # between names in one column; no name holds one


def standing_query() -> Select[Any]:
    """Grants with everything that they stand on, one row each; parameter `now`. Each lookup is by an index (HT-9)."""
    agreed = consents.c
    consented = (
        select(agreed.scopes)
        .where(agreed.person_id == grants.c.person_id, agreed.application == grants.c.client_id, agreed.withdrawn_at.is_(None))
        .order_by(agreed.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            grants,
            people.c.kind.label("kind"),
            people.c.state.label("state"),
            people.c.expires_at.label("person_expires_at"),
            people.c.email.label("person_email"),
            sessions.c.ended_at.label("session_ended_at"),
            _own_roles().label("own_roles"),
            _group_roles().label("group_roles"),
            _group_names().label("group_names"),
            _of_person(factors.c.id).label("own_factors"),
            _of_person(terms.c.version).label("terms"),
            consented.label("consented"),
        )
        .select_from(grants)
        .join(people, people.c.id == grants.c.person_id)
        .outerjoin(sessions, sessions.c.sid == grants.c.sid)
    )


def _own_roles() -> ScalarSelect[Any]:
    """The roles of the person's own assignments at the application; NULL where there is none that holds."""
    c = assignments.c
    where = (c.person_id == grants.c.person_id, c.application == grants.c.client_id, in_force(assignments))
    return select(func.aggregate_strings(c.role, _BREAK)).where(*where).scalar_subquery()


def _group_roles() -> ScalarSelect[Any]:
    """The roles of the assignments of the person's groups; NULL where there is none that holds."""
    c, of_group = group_members.c, group_assignments.c
    joined = select(func.aggregate_strings(of_group.role, _BREAK)).join_from(
        group_members, group_assignments, (of_group.group_id == c.group_id) & (of_group.application == grants.c.client_id)
    )
    return joined.where(c.person_id == grants.c.person_id, in_force(group_assignments)).correlate(grants).scalar_subquery()


def _group_names() -> ScalarSelect[Any]:
    """The names of the person's groups."""
    joined = select(func.aggregate_strings(groups.c.name, _BREAK)).join_from(
        group_members, groups, groups.c.id == group_members.c.group_id
    )
    return joined.where(group_members.c.person_id == grants.c.person_id).correlate(grants).scalar_subquery()


def _of_person(column: Column[str]) -> ScalarSelect[Any]:
    """Every value of a column that belongs to the person."""
    mine = column.table.c.person_id == grants.c.person_id
    return select(func.aggregate_strings(column, _BREAK)).where(mine).scalar_subquery()


def standing_of(m: RowMapping) -> Standing:
    """The record of a row of `standing_query`."""
    grant = Grant(**{name: m[name] for name in _PLAIN}, scopes=tuple(m["scopes"]), amr=tuple(m["amr"]))
    return Standing(
        grant=grant,
        kind=PersonKind(m["kind"]),
        state=GuestState(m["state"]),
        expires_at=m["person_expires_at"],
        email=m["person_email"] or "",
        session_ended=m["session_ended_at"] is not None,
        assigned=not (m["own_roles"] is None and m["group_roles"] is None),
        roles=_names(m["own_roles"]) | _names(m["group_roles"]),
        groups=_names(m["group_names"]),
        factors=_names(m["own_factors"]),
        terms=_names(m["terms"]),
        consented=None if m["consented"] is None else frozenset(m["consented"]),
    )


def _names(column: str | None) -> frozenset[str]:
    return frozenset(name for name in (column or "").split(_BREAK) if name)


_STANDING = standing_query().where(grants.c.id == bindparam("grant"))


def standing(tx: Connection, grant_id: str, now: int) -> Standing | None:
    """A grant and what it stands on, in one statement."""
    row = tx.execute(_STANDING, {"grant": grant_id, "now": now}).mappings().first()
    return standing_of(row) if row else None


def end(tx: Connection, grant_id: str, now: int) -> bool:
    """End one grant because its application asked for it; False if it had ended. The application is not notified."""
    c = grants.c
    return tx.execute(update(grants).where(c.id == grant_id, c.ended_at.is_(None)).values(ended_at=now)).rowcount == 1


def end_reused(tx: Connection, grant_id: str, now: int) -> bool:
    """End a grant whose code or refresh token was used twice, and notify its application: its own session may be a thief's
    (docs/decisions/0021-which-ends-notify.md). False if it had ended.
    """
    return bool(_ended(tx, grants.c.id == grant_id, now))


def end_of_session(tx: Connection, sid: str, now: int) -> list[str]:
    """End every grant of a session that is being ended (HP-43); the client ids that took part."""
    return _end_where(tx, grants.c.sid == sid, now)


def end_of_person(tx: Connection, person_id: str, now: int) -> list[str]:
    """End every grant of a person who is blocked, reset or deleted, under every `sub`; the client ids."""
    return _end_where(tx, grants.c.person_id == person_id, now)


def end_of_application(tx: Connection, person_id: str, client_id: str, now: int) -> list[str]:
    """End a person's grants at one application: consent withdrawn, assignment taken back."""
    return _end_where(tx, (grants.c.person_id == person_id) & (grants.c.client_id == client_id), now)


def end_all(tx: Connection, now: int) -> int:
    """End every grant, after a restore; how many."""
    return len(_ended(tx, true(), now))


def end_of_unassigned(tx: Connection, principal: Principal, holder: str, client_id: str, now: int) -> int:
    """End the grants at an application of a person, or of a group's members, whom no assignment lets in any more; how many."""
    c, own, of_group, member = grants.c, assignments.c, group_assignments.c, group_members.c
    if principal is Principal.PERSON:
        who = c.person_id == holder
    else:
        who = c.person_id.in_(select(member.person_id).where(member.group_id == holder))
    held = exists().where(own.person_id == c.person_id, own.application == client_id, in_force(assignments))
    through = exists().where(
        member.person_id == c.person_id,
        of_group.group_id == member.group_id,
        of_group.application == client_id,
        in_force(group_assignments),
    )
    return len(_ended(tx, who & (c.client_id == client_id) & ~held & ~through, now))


def _end_where(tx: Connection, which: ColumnElement[bool], now: int) -> list[str]:
    return sorted({client_id for client_id, _, _ in _ended(tx, which, now)})


def _ended(tx: Connection, which: ColumnElement[bool], now: int) -> list[tuple[str, str, str]]:
    """Ends grants and queues a notice for each application and session: every end but a revocation by the application itself
    goes through here (HP-43, HP-56).

    (client_id, sid, sub) of each grant.
    """
    c = grants.c
    statement = update(grants).where(which, c.ended_at.is_(None)).values(ended_at=bindparam("ended"))
    ended = [tuple(row) for row in tx.execute(statement.returning(c.client_id, c.sid, c.sub), {"ended": now, "now": now})]
    logout_notices.add(tx, {(client_id, sid): sub for client_id, sid, sub in ended}, now)
    return ended


def purge_codes(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete codes that were over before a time; a replay is then merely unknown."""
    return delete_some(tx, codes, codes.c.expires_at < before, codes.c.expires_at, limit)


def look_through(
    tx: Connection, after: tuple[int, str], before: int, limit: int = BATCH
) -> tuple[list[str], tuple[int, str] | None]:
    """A stretch of the grants made before a time, oldest first: those on which nothing stands any more, and where to go on.

    Nothing stands on a grant without code, token, refresh family and session. None: that was the last stretch.
    """
    c = grants.c
    held = or_(
        exists().where(codes.c.grant_id == c.id),
        exists().where(access_tokens.c.grant_id == c.id),
        exists().where(refresh_families.c.grant_id == c.id),
        exists().where(sessions.c.sid == c.sid),
    )
    later = (c.created_at >= after[0]) & or_(c.created_at > after[0], c.id > after[1])
    statement = select(c.created_at, c.id, held).where(later, c.created_at < before).order_by(c.created_at, c.id).limit(limit)
    rows = tx.execute(statement).all()
    return [row[1] for row in rows if not row[2]], (rows[-1][0], rows[-1][1]) if len(rows) == limit else None


def purge(tx: Connection, ids: list[str]) -> int:
    """Delete grants by id."""
    return tx.execute(delete(grants).where(grants.c.id.in_(ids))).rowcount
