"""How sign-ins at applications went last: for a page of a list, in two statements, along the index by application and time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, ScalarSelect, String, column, select, union_all, values

from broker.domain.receipt import Outcome
from broker.storage.engine import Connection
from broker.storage.tables import receipts, refusals

LOOKED_AT = 200  # the newest sign-ins of an application; what was before them is not looked for
_REFUSED = (Outcome.BLOCKED.value, Outcome.FAILED.value)
_C, _R = receipts.c, refusals.c


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRefusal:
    """A refused sign-in, or a refused request of the application. reference: of its receipt."""

    at: int
    reason: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSignIns:
    """allowed: when somebody got in last, None where the newest sign-ins tell of nobody. refused: the newer of the two kinds."""

    allowed: int | None = None
    refused: LastRefusal | None = None


def of_applications(tx: Connection, client_ids: Collection[str]) -> dict[str, LastSignIns]:
    """The last sign-in and the last refusal of each application, by client_id.

    The rows are loaded by a statement of their own: PostgreSQL would hash the whole table to join them.
    """
    if not client_ids:
        return {}
    asked = values(column("id", String), name="asked").data([(one,) for one in sorted(client_ids)]).cte("asked")
    request = select(_R.request_id).where(_R.application == asked.c.id).order_by(_R.at.desc()).limit(1)
    statement = select(
        asked.c.id,
        _newest(asked, _C.at, (Outcome.ALLOWED.value,)).label("allowed"),
        _newest(asked, _C.id, _REFUSED).label("receipt"),
        request.scalar_subquery().label("request"),
    )
    found = tx.execute(statement).all()
    refused = _loaded(tx, [row.receipt for row in found if row.receipt], [row.request for row in found if row.request])
    return {
        str(row.id): LastSignIns(
            allowed=row.allowed,
            refused=max(
                (refused[key] for key in (row.receipt, row.request) if key in refused), key=lambda one: one.at, default=None
            ),
        )
        for row in found
    }


def _newest(asked: CTE, wanted: ColumnElement[Any], outcomes: tuple[str, ...]) -> ScalarSelect[Any]:
    """A column of the newest receipt with one of these outcomes, among the newest ones of the application."""
    theirs = select(wanted.label("wanted"), _C.outcome, _C.at).where(_C.application == asked.c.id).correlate(asked)
    newest = theirs.order_by(_C.at.desc(), _C.id.desc()).limit(LOOKED_AT).subquery()
    found = select(newest.c.wanted).where(newest.c.outcome.in_(outcomes)).order_by(newest.c.at.desc())
    return found.limit(1).scalar_subquery()


def _loaded(tx: Connection, receipt_ids: list[str], request_ids: list[str]) -> dict[str, LastRefusal]:
    """The refusals by the id of their receipt, or by the reference of the refused request."""
    if not (receipt_ids or request_ids):
        return {}
    of_sign_ins = select(_C.id, _C.at, _C.reason, _C.error, _C.request_id).where(_C.id.in_(receipt_ids))
    of_requests = select(_R.request_id, _R.at, _R.reason, _R.code, _R.request_id).where(_R.request_id.in_(request_ids))
    rows = tx.execute(union_all(of_sign_ins, of_requests))
    return {str(row[0]): LastRefusal(at=int(row[1]), reason=row[2] or row[3] or "", reference=row[4]) for row in rows}
