"""The end of a review: from its due date on, housekeeping ends in batches what nobody kept.

Each batch holds the review, locks its people, then its rows, and gives each row an outcome in the transaction that ends its access. A second run
finds no row without an outcome. Access that was given again after the review began stays.
"""

from __future__ import annotations

from broker.domain.assignment import Principal
from broker.domain.audit import Actor, Event
from broker.domain.review import AccessSource, ItemOutcome, Review, ReviewItem, ReviewState, Verdict
from broker.services.history import audit
from broker.settings.load import Settings
from broker.storage.directory import review_items, reviews
from broker.storage.engine import Connection
from broker.storage.oauth import grants

TOGETHER = 50  # rows of one transaction: their people wait for it


def close_some(tx: Connection, settings: Settings, review_id: str, now: int) -> int | None:
    """Settle the next rows of a review that is due; how many, None if there is nothing (more) to do, or another node does it."""
    review = reviews.hold(tx, review_id)
    if review is None or review.state is not ReviewState.RUNNING or now < review.due_at:
        return None
    rows = review_items.unsettled(tx, review.id, TOGETHER)
    if not rows:
        _close(tx, review, now)
        return None
    done: dict[ItemOutcome, list[str]] = {outcome: [] for outcome in ItemOutcome}
    alive = reviews.living(
        tx,
        [one.source_id for one in rows if one.source is AccessSource.ASSIGNMENT],
        [(one.source_id, one.person_id) for one in rows if one.source is AccessSource.MEMBERSHIP],
        now,
    )
    for one in rows:
        since = alive.get((one.source_id, one.person_id))
        done[_settle(tx, settings, review, one, since, now)].append(one.id)
    for outcome, ids in done.items():
        review_items.settle(tx, ids, outcome)
    return len(rows)


def _settle(tx: Connection, settings: Settings, review: Review, one: ReviewItem, since: int | None, now: int) -> ItemOutcome:
    """What becomes of one row. since: when the access that is there now was given, None for none."""
    if one.verdict is Verdict.KEEP:
        return ItemOutcome.KEPT
    if since is None:
        return ItemOutcome.GONE
    if one.source is AccessSource.MEMBERSHIP:
        if not reviews.end_membership(tx, one.source_id, one.person_id, review.created_at):
            return ItemOutcome.RENEWED
        _tell(tx, "group.member_removed", one, one.source_id, {}, now)
        return ItemOutcome.ENDED
    if not reviews.end_assignment(tx, one.source_id, review.created_at):
        return ItemOutcome.RENEWED
    file, ended = settings.applications.get(one.application), 0
    if file is not None and file.assignment_required:
        ended = grants.end_of_unassigned(tx, Principal.PERSON, one.person_id, one.application, now)
    data: dict[str, object] = {"assignment": one.source_id, "role": one.role, "sign_ins_ended": ended}
    _tell(tx, "assignment.taken_back", one, one.application, data, now)
    return ItemOutcome.ENDED


def _tell(tx: Connection, name: str, one: ReviewItem, target: str, data: dict[str, object], now: int) -> None:
    verdict = one.verdict.value if one.verdict else "none"
    data = {**data, "review": one.review_id, "verdict": verdict, "decided_by": one.decided_by}
    audit.record(
        tx, Event(name=name, actor=Actor.system(), target=target, subject=one.person_id, reason="review", data=data), now
    )


def _close(tx: Connection, review: Review, now: int) -> None:
    counted = review_items.outcomes(tx, review.id)
    reviews.change(tx, review.id, state=ReviewState.CLOSED.value, closed_at=now, cursor="")
    data: dict[str, object] = {outcome.value: counted.get(outcome, 0) for outcome in ItemOutcome}
    audit.record(
        tx, Event(name="review.closed", actor=Actor.system(), target=review.application, data={"review": review.id, **data}), now
    )
