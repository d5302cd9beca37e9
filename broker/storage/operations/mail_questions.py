"""Questions: a ticket is stored as its hash and taken once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from broker.domain.question import Question, QuestionKind
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import questions

_PLAIN = ("id", "person_id", "asked", "data", "created_at", "expires_at", "answered_at", "answer")
_C = questions.c


def _question(row: Row[Any]) -> Question:
    m = row._mapping
    return Question(**{name: m[name] for name in _PLAIN}, kind=QuestionKind(m["kind"]))


def add(tx: Connection, question: Question, ticket: str) -> None:
    """Insert a question; `ticket` is the hash of its secret."""
    row = {name: getattr(question, name) for name in _PLAIN} | {"data": dict(question.data), "kind": question.kind.value}
    tx.execute(insert(questions).values(**row, ticket=ticket))


def by_ticket(tx: Connection, ticket: str) -> Question | None:
    """The question that a ticket's hash belongs to, answered ones too."""
    row = tx.execute(select(questions).where(_C.ticket == ticket)).first()
    return _question(row) if row else None


def take(tx: Connection, ticket: str, answer: str, now: int) -> Question | None:
    """Answer: one conditional UPDATE; None if the ticket is unknown, over or was answered (HT-3)."""
    free = (_C.ticket == ticket, _C.answered_at.is_(None), _C.expires_at > now)
    statement = update(questions).where(*free).values(answered_at=now, answer=answer).returning(questions)
    row = tx.execute(statement).first()
    return _question(row) if row else None


def close(tx: Connection, person_id: str, kind: QuestionKind, now: int) -> int:
    """Nobody needs to answer these any more; the number of them."""
    free = (_C.person_id == person_id, _C.kind == kind.value, _C.answered_at.is_(None))
    return tx.execute(update(questions).where(*free).values(answered_at=now)).rowcount


def close_about(tx: Connection, person_id: str, kind: QuestionKind, name: str, value: str, now: int) -> int:
    """The same for the questions of a person whose data holds this value under this name; the number of them."""
    free = (_C.person_id == person_id, _C.kind == kind.value, _C.answered_at.is_(None), _C.data[name].as_string() == value)
    return tx.execute(update(questions).where(*free).values(answered_at=now)).rowcount


def of_person(tx: Connection, person_id: str) -> list[Question]:
    """What was asked about a person, newest first."""
    rows = tx.execute(select(questions).where(_C.person_id == person_id).order_by(_C.created_at.desc()))
    return [_question(row) for row in rows]


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete questions that were over before a time."""
    return delete_some(tx, questions, _C.expires_at < before, _C.expires_at, limit)
