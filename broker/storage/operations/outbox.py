"""The outbox: mails that wait, each taken by one node for a while (HT-17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, insert, or_, select, update

from broker.domain.mail import Mail, MailKind, Posted
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import outbox, people

_C = outbox.c
_SHOWN = (_C.id, _C.kind, _C.recipient, _C.created_at, _C.tries, _C.next_try_at, _C.sent_at, _C.failed_at, _C.problem)
_ADD = insert(outbox)
_FILLED = ("id", "kind", "recipient", "language", "message_id", "content", "created_at", "next_try_at")
_ADD_FOR = insert(outbox).from_select(
    ["person_id", *_FILLED],
    select(people.c.id, *(bindparam(name, type_=_C[name].type) for name in _FILLED)).where(people.c.id == bindparam("person_id")),
    include_defaults=False,
)
_DUE = select(_C.id).where(_C.next_try_at <= bindparam("now")).limit(1)


@dataclass(frozen=True, slots=True)
class Leased:
    """A mail that this holder alone may send now. content: sealed."""

    id: str
    kind: str
    person_id: str | None
    recipient: str
    message_id: str
    content: str
    created_at: int
    tries: int


def add(tx: Connection, mail: Mail, *, mail_id: str, message_id: str, content: str, now: int) -> None:
    """Put a mail into the outbox, in the transaction of its cause. content: sealed."""
    tx.execute(_ADD, _row(mail, mail_id, message_id, content, now))


def _row(mail: Mail, mail_id: str, message_id: str, content: str, now: int) -> dict[str, Any]:
    return {
        "id": mail_id,
        "kind": mail.kind.value,
        "person_id": mail.person,
        "recipient": mail.recipient,
        "language": mail.language,
        "message_id": message_id,
        "content": content,
        "created_at": now,
        "next_try_at": now,
    }


def add_for(tx: Connection, mail: Mail, *, mail_id: str, message_id: str, content: str, now: int) -> bool:
    """The same for a person who may not exist, by one and the same statement (LP-04); whether there is one."""
    values = {**_row(mail, mail_id, message_id, content, now), "person_id": mail.person or ""}
    return tx.execute(_ADD_FOR, values).rowcount == 1


def is_due(tx: Connection, now: int) -> bool:
    """Whether a mail waits whose time has come, leased or not."""
    return tx.execute(_DUE, {"now": now}).first() is not None


def lease(tx: Connection, *, holder: str, now: int, until: int, limit: int, ids: Sequence[str] | None = None) -> list[Leased]:
    """Take mails that are due and in nobody's hands, the urgent kinds first; only those of `ids` if given."""
    if ids is not None:
        return _lease(tx, _C.id.in_(list(ids)), holder=holder, now=now, until=until, limit=limit)
    found: list[Leased] = []
    for kind in MailKind:
        if len(found) < limit:
            found += _lease(tx, _C.kind == kind.value, holder=holder, now=now, until=until, limit=limit - len(found))
    return found


def _lease(tx: Connection, which: ColumnElement[bool], *, holder: str, now: int, until: int, limit: int) -> list[Leased]:
    """One conditional UPDATE: what another node took meanwhile fails the condition, also under READ COMMITTED (HT-3)."""
    free = (_C.next_try_at <= now) & or_(_C.leased_until.is_(None), _C.leased_until <= now)
    chosen = select(_C.id).where(which, free).order_by(_C.next_try_at).limit(limit)
    if tx.dialect.name == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)
    statement = update(outbox).where(_C.id.in_(chosen), free).values(holder=holder, leased_until=until)
    columns = (_C.id, _C.kind, _C.person_id, _C.recipient, _C.message_id, _C.content, _C.created_at, _C.tries)
    rows = tx.execute(statement.returning(*columns)).all()
    return sorted((Leased(*row) for row in rows), key=lambda one: one.created_at)


def sent(tx: Connection, mail_id: str, holder: str, now: int) -> bool:
    """The server accepted it; what it said is forgotten. False if another node holds it by now."""
    return _finish(tx, mail_id, holder, sent_at=now, next_try_at=None, problem=None, content="")


def given_up(tx: Connection, mail_id: str, holder: str, now: int, problem: str) -> bool:
    """It was refused for good, or tried for long enough."""
    return _finish(tx, mail_id, holder, failed_at=now, next_try_at=None, problem=problem, content="")


def later(tx: Connection, mail_id: str, holder: str, next_try_at: int, problem: str) -> bool:
    """It did not work now."""
    return _finish(tx, mail_id, holder, next_try_at=next_try_at, problem=problem)


def let_go(tx: Connection, ids: Sequence[str], holder: str) -> None:
    """Give back mails that were taken and not tried."""
    tx.execute(update(outbox).where(_C.id.in_(list(ids)), _C.holder == holder).values(holder=None, leased_until=None))


def _finish(tx: Connection, mail_id: str, holder: str, **values: Any) -> bool:
    statement = update(outbox).where(_C.id == mail_id, _C.holder == holder, _C.next_try_at.is_not(None))
    return tx.execute(statement.values(tries=_C.tries + 1, holder=None, leased_until=None, **values)).rowcount == 1


def of_ids(tx: Connection, ids: Sequence[str]) -> list[Posted]:
    """How far some mails came, in the order of their making."""
    return [_posted(row) for row in tx.execute(select(*_SHOWN).where(_C.id.in_(list(ids))).order_by(_C.created_at, _C.id))]


def of_person(tx: Connection, person_id: str, limit: int = 10) -> list[Posted]:
    """The newest mails that concern a person, newest first."""
    statement = select(*_SHOWN).where(_C.person_id == person_id).order_by(_C.created_at.desc(), _C.id).limit(limit)
    return [_posted(row) for row in tx.execute(statement)]


def undelivered(tx: Connection, since: int, limit: int) -> list[tuple[str, Posted]]:
    """(person, mail) of mails to people that were given up since a time and that no later mail to them made good, the newest first."""
    later = outbox.alias()
    reached = select(later.c.id).where(
        later.c.person_id == _C.person_id, later.c.created_at > _C.created_at, later.c.sent_at.is_not(None)
    )
    statement = select(_C.person_id, *_SHOWN).where(_C.failed_at >= since, _C.person_id.is_not(None), ~reached.exists())
    rows = tx.execute(statement.order_by(_C.failed_at.desc()).limit(limit))
    return [(str(row.person_id), _posted(row)) for row in rows]


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget mails that left, or were given up, and were made before a time."""
    return delete_some(tx, outbox, (_C.created_at < before) & _C.next_try_at.is_(None), _C.created_at, limit)


def _posted(row: Any) -> Posted:
    values = {column.name: row._mapping[column.name] for column in _SHOWN}
    return Posted(**{**values, "kind": MailKind(values["kind"])})
