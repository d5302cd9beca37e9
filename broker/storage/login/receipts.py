"""Receipts of sign-ins (HT-19). Refusals that belong to no login: storage/login/refusals.py."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from broker.domain.guest import PersonKind
from broker.domain.receipt import Outcome, Place, Receipt, ReceiptSource, Search
from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.engine import Database
from broker.storage.tables import people, receipts

_PLAIN = (
    "id", "request_id", "at", "person_id", "application", "partner", "error", "reason", "facts", "address", "config", "claimed",
)  # fmt: skip
_REPLACED = tuple(column.name for column in receipts.columns if column.name not in ("id", "request_id"))
_REACHED = or_(receipts.c.outcome == Outcome.ALLOWED.value, receipts.c.error == "policy_blocked")  # the policies
_SAVE = for_both(
    receipts,
    lambda row: row.on_conflict_do_update(index_elements=["id"], set_={name: row.excluded[name] for name in _REPLACED}),
)


def _receipt(row: Row[Any]) -> Receipt:
    m = row._mapping
    return Receipt(
        **{name: m[name] for name in _PLAIN},
        outcome=Outcome(m["outcome"]),
        steps=tuple(m["steps"]) if "steps" in m else (),
        policies=tuple(m["policies"]),
    )


def save(tx: Connection, receipt: Receipt) -> None:
    """One login, one receipt: a later end of the same login replaces the earlier one and keeps its steps."""
    Database.after_commit(receipt)
    row = {name: getattr(receipt, name) for name in _PLAIN} | {
        "outcome": receipt.outcome.value,
        "steps": [dict(step) for step in receipt.steps],
        "policies": [dict(policy) for policy in receipt.policies],
        "facts": dict(receipt.facts),
    }
    run(tx, _SAVE, row)


def by_request(tx: Connection, request_id: str) -> Receipt | None:
    """The receipt that a reference on a page names."""
    row = tx.execute(select(receipts).where(receipts.c.request_id == request_id)).first()
    return _receipt(row) if row else None


def newest(
    tx: Connection, search: Search, limit: int = 50, *, after: Place | None = None, steps: bool = True
) -> list[tuple[Receipt, str | None]]:
    """Receipts, newest first, with the address that the directory has for the person now.

    after: only those behind this place. steps: with what happened in each sign-in, which is most of a row.
    """
    columns = [column for column in receipts.c if steps or column.name != "steps"]
    statement = select(*columns, people.c.email).join(people, people.c.id == receipts.c.person_id, isouter=True)
    statement = statement.where(*_wanted(search), *_behind(after))
    rows: list[Row[Any]] = list(tx.execute(statement.order_by(receipts.c.at.desc(), receipts.c.id.desc()).limit(limit)))
    return [(_receipt(row), row._mapping["email"]) for row in rows]


def _behind(place: Place | None) -> list[ColumnElement[bool]]:
    c = receipts.c
    if place is None:
        return []
    if place.source is not ReceiptSource.SIGN_IN:  # every sign-in of that second precedes it
        return [c.at < place.at]
    return [c.at <= place.at, or_(c.at < place.at, c.id < place.row)]


def _wanted(search: Search) -> list[ColumnElement[bool]]:
    c = receipts.c
    plain = (
        (c.partner, search.partner),
        (c.application, search.application),
        (c.outcome, search.outcome and search.outcome.value),
    )
    found: list[ColumnElement[bool]] = [column == value for column, value in plain if value is not None]
    if search.applications is not None:
        found.append(c.application.in_(sorted(search.applications)))
    whose = ((c.person_id, search.person_id), (c.claimed, search.claimed))
    who = [column == value for column, value in whose if value is not None]
    if who:
        found.append(or_(*who))
    if search.reason is not None:
        found.append(or_(c.reason == search.reason, c.error == search.reason))
    if search.since is not None:
        found.append(c.at >= search.since)
    if search.until is not None:
        found.append(c.at < search.until)
    return found


def judged(tx: Connection, after: tuple[int, str], limit: int = BATCH) -> list[tuple[Receipt, str, PersonKind]]:
    """Sign-ins that reached the policies, oldest first, behind (time, id): without their steps, with the person's current address and kind.

    Those whose person was deleted are left out: a policy that names guests could not be judged.
    """
    c = receipts.c
    columns = [column for column in c if column.name != "steps"]
    later = (c.at >= after[0]) & or_(c.at > after[0], c.id > after[1])
    statement = (
        select(*columns, people.c.email.label("person_email"), people.c.kind.label("person_kind"))
        .join(people, people.c.id == c.person_id)
        .where(later, _REACHED, people.c.email.is_not(None))
        .order_by(c.at, c.id)
        .limit(limit)
    )
    rows: list[Row[Any]] = list(tx.execute(statement))
    return [(_receipt(row), row._mapping["person_email"], PersonKind(row._mapping["person_kind"])) for row in rows]


def before_newest(tx: Connection, since: int, count: int) -> tuple[int, str] | None:
    """The place before the newest `count` sign-ins since a time that `judged` lists; None if there are not more."""
    c = receipts.c
    statement = select(c.at, c.id).where(c.at >= since, _REACHED).order_by(c.at.desc(), c.id.desc()).offset(count).limit(1)
    row = tx.execute(statement).first()
    return (row[0], row[1]) if row else None


def policy_results(tx: Connection, since: int, limit: int) -> list[tuple[int, list[dict[str, str]]]]:
    """(time, results of policies) of the newest sign-ins since a time that reached the policies."""
    c = receipts.c
    statement = select(c.at, c.policies).where(c.at >= since, _REACHED).order_by(c.at.desc(), c.id.desc()).limit(limit)
    return [(row[0], row[1]) for row in tx.execute(statement)]


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete receipts older than a time."""
    return delete_some(tx, receipts, receipts.c.at < before, receipts.c.at, limit)


def addresses(tx: Connection, after: tuple[int, str], before: int, limit: int = BATCH) -> list[tuple[str, int, str]]:
    """(id, time, address) of receipts behind (time, id) and older than a time, oldest first (HT-19)."""
    c = receipts.c
    later = (c.at >= after[0]) & or_(c.at > after[0], c.id > after[1])
    statement = select(c.id, c.at, c.address).where(later, c.at < before).order_by(c.at, c.id).limit(limit)
    return [(row[0], row[1], row[2]) for row in tx.execute(statement)]


def shorten(tx: Connection, address: str, ids: list[str]) -> int:
    """Put a network in the place of the address of some receipts."""
    return tx.execute(update(receipts).where(receipts.c.id.in_(ids)).values(address=address)).rowcount
