"""Calls of the tables of requests and reviews, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.assignment import Principal
from broker.domain.review import AccessSource, Asked, ItemOutcome, Review, ReviewItem, ReviewState, Verdict
from broker.storage.directory import access_requests, assigned, assignments, review_items, reviews, role_groups, waiting
from broker.storage.login import application_health
from tests import factories
from tests.clock import START

PERSON = factories.person()
REQUEST = AccessRequest(id="1", person_id=PERSON.id, application="payroll", created_at=START, expires_at=START + 60)
REVIEW = Review(
    id="1",
    application="payroll",
    asks=Asked.SPONSORS,
    state=ReviewState.RUNNING,
    cursor="",
    created_at=START,
    created_by="1",
    due_at=START + 60,
)
REVIEW_ITEM = ReviewItem(
    id="1",
    review_id="1",
    person_id=PERSON.id,
    source=AccessSource.ASSIGNMENT,
    source_id="1",
    application="payroll",
    role="",
    since=START,
)
REVIEW_ROWS = [
    review_items.Rows(everything=True),
    review_items.Rows(everything=True, open_only=True),
    review_items.Rows(reviewer="a", mine=True),
    review_items.Rows(reviewer="a", applications=frozenset({"payroll"})),
]

ACCESS_CALLS: dict[str, Callable[[Connection], object]] = {
    "directory.assigned.page": lambda tx: [
        assigned.page(tx, "payroll", person_id=person, limit=10) for person in (None, PERSON.id)
    ],
    "directory.assigned.given_by": lambda tx: assigned.given_by(tx, {PERSON.id}),
    "directory.role_groups.known": lambda tx: role_groups.known(tx, {"auditors"}),
    "directory.role_groups.staff_counts": lambda tx: role_groups.staff_counts(tx, {"1", "2"}, START, most=10),
    "directory.role_groups.owners": lambda tx: role_groups.owners(tx, after="a", limit=10),
    "directory.role_groups.owned": lambda tx: role_groups.owned(tx, {"a", "b"}, limit=10),
    "directory.waiting.queues": lambda tx: [
        waiting.queues(tx, applications, reviewer, every_review=everything, most=10)
        for applications in (None, frozenset[str](), frozenset({"payroll"}))
        for reviewer in ("", "a")
        for everything in (True, False)
    ],
    "login.application_health.of_applications": lambda tx: application_health.of_applications(tx, {"payroll", "travel"}),
    "directory.assignments.by_id": lambda tx: assignments.by_id(tx, "1"),
    "directory.assignments.put_new": lambda tx: [
        assignments.put_new(tx, factories.assignment(kind, holder="1"), START) for kind in Principal
    ],
    "directory.access_requests.add": lambda tx: access_requests.add(tx, REQUEST),
    "directory.access_requests.by_id": lambda tx: access_requests.by_id(tx, REQUEST.id),
    "directory.access_requests.of_person": lambda tx: access_requests.of_person(tx, PERSON.id, since=START),
    "directory.access_requests.settle": lambda tx: access_requests.settle(tx, "1", RequestState.REFUSED, START, by=PERSON.id),
    "directory.access_requests.page": lambda tx: [
        access_requests.page(tx, RequestState.OPEN, applications=applications, before=before, limit=10)
        for applications in (None, {"payroll"})
        for before in (None, (START, "1"))
    ],
    "directory.access_requests.count": lambda tx: [
        access_requests.count(tx, RequestState.OPEN, applications=applications, most=10) for applications in (None, {"payroll"})
    ],
    "directory.access_requests.overdue": lambda tx: access_requests.overdue(tx, START, 10),
    "directory.access_requests.purge": lambda tx: access_requests.purge(tx, START),
    "directory.access_requests.colleagues": lambda tx: access_requests.colleagues(tx, "payroll", "fabrikam", START, most=10),
    "directory.reviews.add": lambda tx: reviews.add(tx, REVIEW),
    "directory.reviews.by_id": lambda tx: reviews.by_id(tx, "1"),
    "directory.reviews.hold": lambda tx: reviews.hold(tx, "1"),
    "directory.reviews.change": lambda tx: reviews.change(tx, "1", cursor=""),
    "directory.reviews.running": reviews.running,
    "directory.reviews.assigned": lambda tx: [reviews.assigned(tx, one, START, after="", limit=10) for one in ("", "payroll")],
    "directory.reviews.living": lambda tx: reviews.living(tx, ["1"], [("1", PERSON.id)], START),
    "directory.reviews.end_assignment": lambda tx: reviews.end_assignment(tx, "1", START),
    "directory.reviews.end_membership": lambda tx: reviews.end_membership(tx, "1", PERSON.id, START),
    "directory.review_items.add": lambda tx: review_items.add(tx, [REVIEW_ITEM]),
    "directory.review_items.page": lambda tx: [review_items.page(tx, "1", rows, limit=10) for rows in REVIEW_ROWS],
    "directory.review_items.counts": lambda tx: [review_items.counts(tx, "1", rows) for rows in REVIEW_ROWS],
    "directory.review_items.outcomes": lambda tx: review_items.outcomes(tx, "1"),
    "directory.review_items.has_rows": lambda tx: [review_items.has_rows(tx, "1", rows) for rows in REVIEW_ROWS],
    "directory.review_items.decide": lambda tx: [
        review_items.decide(tx, "1", rows, ["1"], Verdict.KEEP, by="1", now=START) for rows in REVIEW_ROWS
    ],
    "directory.review_items.reviewers": lambda tx: review_items.reviewers(tx, "1", after="", limit=10),
    "directory.review_items.next_reviewer": lambda tx: review_items.next_reviewer(tx, "1", ""),
    "directory.review_items.open_of": lambda tx: review_items.open_of(tx, "1", "a"),
    "directory.review_items.ask_instead": lambda tx: review_items.ask_instead(tx, ["1"], "a"),
    "directory.review_items.unsettled": lambda tx: review_items.unsettled(tx, "1", 10),
    "directory.review_items.settle": lambda tx: review_items.settle(tx, ["1"], ItemOutcome.KEPT),
}
