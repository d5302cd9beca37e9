"""Sessions: hours, one browser. Ending one ends its grants and tokens (storage/oauth/grants.py)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from broker.domain.factor import Proof
from broker.domain.login import Session
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import sessions

_FIELDS = (
    "sid", "person_id", "partner", "issuer", "acr", "claims", "auth_time", "auth_time_known", "created_at", "last_seen_at", "expires_at", "ended_at", "device",
    "home_name", "home_session", "home_logout",
)  # fmt: skip
_RENEWED = tuple(name for name in _FIELDS if name not in ("sid", "person_id", "created_at", "ended_at"))
_C = sessions.c

_ADD = insert(sessions)
_BY_COOKIE = select(sessions).where(
    _C.cookie == bindparam("hash"),
    _C.ended_at.is_(None),
    _C.expires_at > bindparam("now"),
    _C.last_seen_at > bindparam("seen_after"),
)
_BY_SID = select(sessions).where(_C.sid == bindparam("session"))
_CHANGE = update(sessions).where(_C.sid == bindparam("session"))  # the columns to set are the other parameters
_RENEW = _CHANGE.where(_C.ended_at.is_(None))
_TOUCH = _CHANGE.values(last_seen_at=bindparam("now"))
_OVER = {"ended_at": bindparam("now"), "home_logout": ""}  # what signs out at home is not kept beyond the session
_END = _CHANGE.where(_C.ended_at.is_(None)).values(_OVER)
_END_ALL = update(sessions).where(_C.person_id == bindparam("person"), _C.ended_at.is_(None)).values(_OVER)
_END_EACH = update(sessions).where(_C.ended_at.is_(None)).values(_OVER)


def _session(row: Row[Any]) -> Session:
    m = row._mapping
    proofs = tuple(Proof.from_json(proof) for proof in m["proofs"])
    return Session(**{name: m[name] for name in _FIELDS}, amr=tuple(m["amr"]), proofs=proofs)


def _lists(session: Session) -> dict[str, Any]:
    return {"amr": list(session.amr), "proofs": [proof.to_json() for proof in session.proofs]}


def add(tx: Connection, session: Session, cookie: str) -> None:
    """Insert a session; `cookie` is the hash of its secret."""
    tx.execute(_ADD, {n: getattr(session, n) for n in _FIELDS} | _lists(session) | {"cookie": cookie})


def by_cookie(tx: Connection, cookie: str, *, now: int, idle: int) -> Session | None:
    """The live session of a cookie's hash: not ended, not over, not idle for too long (SC-07)."""
    row = tx.execute(_BY_COOKIE, {"hash": cookie, "now": now, "seen_after": now - idle}).first()
    return _session(row) if row else None


def by_sid(tx: Connection, sid: str) -> Session | None:
    """A session by its id, ended ones too."""
    row = tx.execute(_BY_SID, {"session": sid}).first()
    return _session(row) if row else None


def live_of(tx: Connection, person_id: str, now: int) -> list[Session]:
    """A person's sessions that have not ended."""
    c = sessions.c
    rows = tx.execute(
        select(sessions).where(c.person_id == person_id, c.ended_at.is_(None), c.expires_at > now).order_by(c.created_at)
    )
    return [_session(row) for row in rows]


def of_home(tx: Connection, partner: str, *, name: str, session: str) -> list[Session]:
    """Sessions that a partner's sign-in began and that have not ended, expired ones too: of the person, of the partner's session, or of
    both, as `home_mark` names them.
    """
    marks = [column == mark for column, mark in ((_C.home_name, name), (_C.home_session, session)) if mark]
    if not marks:
        return []
    rows = tx.execute(select(sessions).where(*marks, _C.partner == partner, _C.ended_at.is_(None)).order_by(_C.created_at))
    return [_session(row) for row in rows]


def touch(tx: Connection, sid: str, now: int) -> None:
    """The browser was seen."""
    tx.execute(_TOUCH, {"session": sid, "now": now})


def renew(tx: Connection, session: Session, cookie: str) -> bool:
    """A new proof of the same person: new cookie, new facts, the same sid (SC-01); False if the session has ended."""
    values = {n: getattr(session, n) for n in _RENEWED} | _lists(session) | {"cookie": cookie}
    return tx.execute(_RENEW, {"session": session.sid, **values}).rowcount == 1


def set_proofs(tx: Connection, session: Session) -> None:
    """What counts as proven in a session, under the same cookie."""
    tx.execute(_CHANGE, {"session": session.sid, "proofs": [proof.to_json() for proof in session.proofs]})


def end(tx: Connection, sid: str, now: int) -> bool:
    """End a session; False if it had ended."""
    return tx.execute(_END, {"session": sid, "now": now}).rowcount == 1


def end_of_person(tx: Connection, person_id: str, now: int) -> int:
    """End every session of a person; the number of them (SC-06)."""
    return tx.execute(_END_ALL, {"person": person_id, "now": now}).rowcount


def end_all(tx: Connection, now: int) -> int:
    """End every session, after a restore or after a signing key was lost; the number of them."""
    return tx.execute(_END_EACH, {"now": now}).rowcount


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete sessions that were over before a time; grants that outlive them keep their sid."""
    return delete_some(tx, sessions, sessions.c.expires_at < before, sessions.c.expires_at, limit)
