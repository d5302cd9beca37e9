"""How many sign-ins ended how: by day, and by reason. Each statement walks one index over one span of time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from broker.domain.receipt import Outcome
from broker.domain.times import DAY
from broker.storage.tables import receipts

_C = receipts.c
_OF_DAY = _C.at.op("/")(literal_column(str(DAY)))  # both databases divide whole numbers to a whole number
_REFUSED = (Outcome.BLOCKED.value, Outcome.FAILED.value)


@dataclass(frozen=True, slots=True)
class DayCount:
    """Sign-ins of one day with one outcome. day: days since 1970, UTC."""

    day: int
    outcome: Outcome
    count: int


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Refused sign-ins of one reason at one partner. partner: None: before one was chosen. last: seconds since 1970."""

    reason: str
    error: str | None
    partner: str | None
    count: int
    last: int


def by_day(tx: Connection, since: int, *, applications: Collection[str] | None) -> list[DayCount]:
    """The days since a time; sign-ins that were given up are not counted. applications: only at these."""
    counted = (_C.outcome.in_((Outcome.ALLOWED.value, *_REFUSED)), _C.at >= since, *_only(applications))
    rows = tx.execute(select(_OF_DAY, _C.outcome, func.count()).where(*counted).group_by(_OF_DAY, _C.outcome))
    return [DayCount(int(row[0]), Outcome(row[1]), int(row[2])) for row in rows]


def by_reason(tx: Connection, since: int, *, applications: Collection[str] | None, limit: int) -> list[ReasonCount]:
    """Refused sign-ins since a time, the most frequent reason first. applications: only at these."""
    what, count, last = (_C.reason, _C.error, _C.partner), func.count(), func.max(_C.at)
    statement = select(*what, count, last).where(_C.outcome.in_(_REFUSED), _C.at >= since, *_only(applications))
    rows = tx.execute(statement.group_by(*what).order_by(count.desc(), last.desc(), *what).limit(limit))
    return [ReasonCount(reason=row[0], error=row[1], partner=row[2], count=int(row[3]), last=int(row[4])) for row in rows]


def _only(applications: Collection[str] | None) -> tuple[ColumnElement[bool], ...]:
    return () if applications is None else (_C.application.in_(sorted(applications)),)
