"""A review: who keeps access to an application. A reviewer decides each row; at the due date, what nobody keeps ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReviewState(StrEnum):
    """Where a review stands."""

    COLLECTING = "collecting"  # its rows are being written
    RUNNING = "running"  # reviewers decide
    CLOSED = "closed"  # the due date has passed, and every row has its outcome


class Asked(StrEnum):
    """Who is asked about a guest."""

    SPONSORS = "sponsors"
    OWNERS = "owners"


class Verdict(StrEnum):
    """What a reviewer decided about one row."""

    KEEP = "keep"
    END = "end"


class ItemOutcome(StrEnum):
    """What became of one row at the due date."""

    KEPT = "kept"
    ENDED = "ended"
    GONE = "gone"  # the access had ended before
    RENEWED = "renewed"  # it was given again after the review began, so it stays


class AccessSource(StrEnum):
    """What gives the access."""

    ASSIGNMENT = "assignment"
    MEMBERSHIP = "membership"  # of a group whose members are kept by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One row. application: a client_id, "" for all. Times: seconds since 1970, UTC.

    cursor: the step at which the collection, or the sending of e-mails, continues; "" when both are done. created_by: the id of a
    person, or the kind of actor. by_rule: memberships that a rule gives; no reviewer can end one, so they are only counted.
    """

    id: str
    application: str
    asks: Asked
    state: ReviewState
    cursor: str
    created_at: int
    created_by: str
    due_at: int
    by_rule: int = 0
    reminded_at: int | None = None
    closed_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One access of one guest. source_id: of the assignment, or of the group. application: "" where a group opens several.

    since: when the access was given. last_used: the last sign-in at the application, as it was known when the review began.
    reviewer: the address of the member who is asked, None where nobody could be asked.
    """

    id: str
    review_id: str
    person_id: str
    source: AccessSource
    source_id: str
    application: str
    role: str
    since: int
    last_used: int | None = None
    reviewer: str | None = None
    verdict: Verdict | None = None
    decided_at: int | None = None
    decided_by: str = ""
    outcome: ItemOutcome | None = None
