"""Codes by mail: one a login, for one mailbox; a try is counted, and the code is spent, by one conditional statement (HT-3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from broker.domain.mailbox import PAUSE, SENDS, TRIES
from broker.storage.dialects import for_both, run
from broker.storage.tables import mail_codes

_C = mail_codes.c


@dataclass(frozen=True, slots=True)
class MailCode:
    """One row. mark: what it is bound to (domain/mailbox.py). memory: the connector's, sealed. sends: codes of this login so far."""

    login_id: str
    mark: str
    memory: str
    tries: int
    sends: int
    sent_at: int
    expires_at: int
    spent_at: int | None = None


_OTHER = or_(_C.mark != bindparam("other"), _C.spent_at.is_not(None))


def _new(row: Any) -> Any:
    """A row of another mailbox, or one that was used, makes room; a live one of the same stays (a second tab was faster)."""
    said = row.excluded
    values = {name: getattr(said, name) for name in ("mark", "memory", "sent_at", "expires_at")}
    fresh = {**values, "tries": 0, "spent_at": None, "sends": _C.sends + 1}
    return row.on_conflict_do_update(index_elements=["login_id"], set_=fresh, where=_OTHER & (_C.sends < SENDS))


_FIRST = for_both(mail_codes, _new)
_AGAIN = (
    update(mail_codes)
    .where(
        _C.login_id == bindparam("login"),
        _C.mark == bindparam("of_mark"),
        _C.spent_at.is_(None),
        _C.sends < SENDS,
        or_(_C.sent_at <= bindparam("before"), _C.tries >= TRIES),
    )
    .values(
        memory=bindparam("new_memory"),
        sent_at=bindparam("new_sent_at"),
        expires_at=bindparam("new_expires_at"),
        tries=0,
        sends=_C.sends + 1,
    )
)
_TRY = (
    update(mail_codes)
    .where(
        _C.login_id == bindparam("login"),
        _C.mark == bindparam("of_mark"),
        _C.spent_at.is_(None),
        _C.tries < TRIES,
        _C.expires_at > bindparam("now"),
    )
    .values(tries=_C.tries + 1)
    .returning(mail_codes)
)
_SPEND = (
    update(mail_codes)
    .where(_C.login_id == bindparam("login"), _C.mark == bindparam("of_mark"), _C.spent_at.is_(None))
    .values(spent_at=bindparam("now"))
)
_OF_LOGIN = select(mail_codes).where(_C.login_id == bindparam("login"))


def of_login(tx: Connection, login_id: str) -> MailCode | None:
    """What was sent for a login last."""
    row = tx.execute(_OF_LOGIN, {"login": login_id}).first()
    return MailCode(**row._mapping) if row else None


def first(tx: Connection, login_id: str, *, mark: str, memory: str, now: int, expires_at: int) -> bool:
    """Keep the first code of a mailbox; False if this login has a live one of it, or has had as many as it gets."""
    row = {"login_id": login_id, "mark": mark, "memory": memory, "tries": 0, "sends": 1, "sent_at": now, "expires_at": expires_at}
    return run(tx, _FIRST, row | {"other": mark}).rowcount == 1


def again(tx: Connection, login_id: str, *, mark: str, memory: str, now: int, expires_at: int) -> bool:
    """Put another code in the place of the last one; False before the pause is over, or if it has had as many as it gets."""
    new = {"new_memory": memory, "new_sent_at": now, "new_expires_at": expires_at}
    return tx.execute(_AGAIN, {"login": login_id, "of_mark": mark, "before": now - PAUSE, **new}).rowcount == 1


def count_try(tx: Connection, login_id: str, mark: str, now: int) -> MailCode | None:
    """Count a try: the row with it; None if there is no code that can still be tried (HT-12)."""
    row = tx.execute(_TRY, {"login": login_id, "of_mark": mark, "now": now}).first()
    return MailCode(**row._mapping) if row else None


def spend(tx: Connection, login_id: str, mark: str, now: int) -> bool:
    """Use the code up; False if somebody did already."""
    return tx.execute(_SPEND, {"login": login_id, "of_mark": mark, "now": now}).rowcount == 1
