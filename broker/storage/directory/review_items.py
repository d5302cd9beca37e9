"""The rows of reviews: written in batches, decided, and given an outcome once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from broker.domain.review import AccessSource, ItemOutcome, ReviewItem, Verdict
from broker.storage.batches import BATCH
from broker.storage.dialects import for_both
from broker.storage.tables import people, review_items

_C = review_items.c
_PLAIN = (
    "id", "review_id", "person_id", "source_id", "application", "role", "since", "last_used", "reviewer", "decided_at", "decided_by",
)  # fmt: skip
_ADD = for_both(review_items, lambda row: row.on_conflict_do_nothing(index_elements=["review_id", "person_id", "source_id"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which rows of a review somebody may see and decide: all, or those of applications and those that ask a reviewer.

    open_only: rows without a verdict. mine: only rows that ask this reviewer.
    """

    everything: bool = False
    applications: frozenset[str] = frozenset()
    reviewer: str = ""
    open_only: bool = False
    mine: bool = False

    def where(self, review_id: str) -> list[ColumnElement[bool]]:
        """The same as conditions."""
        found = [_C.review_id == review_id]
        if self.mine or not (self.everything or self.applications):
            found.append(_C.reviewer == self.reviewer)
        elif not self.everything:
            found.append(or_(_C.reviewer == self.reviewer, _C.application.in_(sorted(self.applications))))
        if self.open_only:
            found.append(_C.verdict.is_(None))
        return found


def _item(row: Row[Any]) -> ReviewItem:
    m = row._mapping
    return ReviewItem(
        **{name: m[name] for name in _PLAIN},
        source=AccessSource(m["source"]),
        verdict=Verdict(m["verdict"]) if m["verdict"] else None,
        outcome=ItemOutcome(m["outcome"]) if m["outcome"] else None,
    )


def add(tx: Connection, items: Iterable[ReviewItem]) -> None:
    """Insert rows; one that is there already stays as it is."""
    values = [{name: getattr(one, name) for name in _PLAIN} | {"source": one.source.value} for one in items]
    if values:
        tx.execute(_ADD[tx.dialect.name], values)


def page(tx: Connection, review_id: str, rows: Rows, *, after: str = "", limit: int) -> list[ReviewItem]:
    """Rows of a review in the order of their ids, behind the id `after`."""
    statement = select(review_items).where(*rows.where(review_id), _C.id > after).order_by(_C.id).limit(limit)
    return [_item(row) for row in tx.execute(statement)]


def counts(tx: Connection, review_id: str, rows: Rows) -> dict[Verdict | None, int]:
    """How many rows have which verdict; None: not decided."""
    statement = select(_C.verdict, func.count()).where(*rows.where(review_id)).group_by(_C.verdict)
    return {Verdict(row[0]) if row[0] else None: int(row[1]) for row in tx.execute(statement)}


def outcomes(tx: Connection, review_id: str) -> dict[ItemOutcome | None, int]:
    """How many rows have which outcome; None: none yet."""
    statement = select(_C.outcome, func.count()).where(_C.review_id == review_id).group_by(_C.outcome)
    return {ItemOutcome(row[0]) if row[0] else None: int(row[1]) for row in tx.execute(statement)}


def has_rows(tx: Connection, review_id: str, rows: Rows) -> bool:
    """Whether there is one."""
    return tx.execute(select(_C.id).where(*rows.where(review_id)).limit(1)).first() is not None


def decide(tx: Connection, review_id: str, rows: Rows, ids: Collection[str], verdict: Verdict, *, by: str, now: int) -> int:
    """Note a verdict about some rows that have no outcome yet; how many were among those that may be decided."""
    chosen = (*rows.where(review_id), _C.id.in_(sorted(ids)), _C.outcome.is_(None))
    values = {"verdict": verdict.value, "decided_at": now, "decided_by": by}
    return tx.execute(update(review_items).where(*chosen).values(**values)).rowcount


def reviewers(tx: Connection, review_id: str, *, after: str, limit: int) -> list[tuple[str, int]]:
    """(address, rows without a verdict) of reviewers behind an address, in order; those with nothing left are not among them."""
    statement = (
        select(_C.reviewer, func.count())
        .where(_C.review_id == review_id, _C.reviewer > after, _C.verdict.is_(None))
        .group_by(_C.reviewer)
        .order_by(_C.reviewer)
        .limit(limit)
    )
    return [(str(row[0]), int(row[1])) for row in tx.execute(statement)]


def next_reviewer(tx: Connection, review_id: str, after: str) -> str | None:
    """The first reviewer behind an address: one step in an index."""
    found = tx.execute(select(func.min(_C.reviewer)).where(_C.review_id == review_id, _C.reviewer > after)).scalar_one_or_none()
    return None if found is None else str(found)


def open_of(tx: Connection, review_id: str, reviewer: str, limit: int = BATCH) -> list[ReviewItem]:
    """Rows without a verdict that ask a reviewer."""
    statement = select(review_items).where(_C.review_id == review_id, _C.reviewer == reviewer, _C.verdict.is_(None))
    return [_item(row) for row in tx.execute(statement.order_by(_C.id).limit(limit))]


def ask_instead(tx: Connection, ids: Collection[str], reviewer: str | None) -> None:
    """Another member is asked about these rows."""
    tx.execute(update(review_items).where(_C.id.in_(sorted(ids)), _C.verdict.is_(None)).values(reviewer=reviewer))


def unsettled(tx: Connection, review_id: str, limit: int) -> list[ReviewItem]:
    """Rows without an outcome, locked, after their people were locked in the order of ids (storage/directory/guest_schedule.py)."""
    rest = (_C.review_id == review_id, _C.outcome.is_(None))
    found = tx.execute(select(_C.id, _C.person_id).where(*rest).order_by(_C.id).limit(limit)).all()
    if not found:
        return []
    persons = sorted({row.person_id for row in found})
    tx.execute(select(people.c.id).where(people.c.id.in_(persons)).order_by(people.c.id).with_for_update(key_share=True)).all()
    statement = select(review_items).where(_C.id.in_([row.id for row in found]), *rest).order_by(_C.id)
    return [_item(row) for row in tx.execute(statement.with_for_update())]


def settle(tx: Connection, ids: Collection[str], outcome: ItemOutcome) -> int:
    """Give rows their outcome, once; how many had none."""
    chosen = (_C.id.in_(sorted(ids)), _C.outcome.is_(None))
    return tx.execute(update(review_items).where(*chosen).values(outcome=outcome.value)).rowcount
