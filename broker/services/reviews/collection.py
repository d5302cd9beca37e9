"""The beginning of a review, one step a transaction: rows are written in batches, then each reviewer gets one e-mail.

The review's cursor names the next step and is stored with it. So a review that was interrupted anywhere continues there, and two
nodes never do the same step.
"""

from __future__ import annotations

from collections.abc import Sequence

from broker.domain.ids import new_id
from broker.domain.mail import Mail, MailKind
from broker.domain.review import AccessSource, Review, ReviewItem, ReviewState
from broker.services.messages.language import language_of
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import is_living
from broker.services.reviews.reviewers import ReviewerChoice
from broker.services.reviews.views import scope_name
from broker.settings.load import Settings
from broker.storage.batches import BATCH
from broker.storage.directory import people, review_items, reviews
from broker.storage.directory.reviews import FoundAccess
from broker.storage.engine import Connection

START, MEMBERS, MAILS = "assignments:", "members:", "mails:"  # cursors begin with one of these
TOGETHER = 100  # e-mails of one transaction


def advance(tx: Connection, settings: Settings, outbox: Outbox, review_id: str, now: int) -> bool:
    """Do the next step of a review; whether there is another one. A review on which another node works is left to it."""
    review = reviews.hold(tx, review_id)
    if review is None or not review.cursor:
        return False
    if review.cursor.startswith(START):
        _assignments(tx, settings, review, review.cursor.removeprefix(START), now)
    elif review.cursor.startswith(MEMBERS):
        _memberships(tx, settings, review, review.cursor.removeprefix(MEMBERS), now)
    else:
        return _mails(tx, settings, outbox, review, review.cursor.removeprefix(MAILS), now)
    return True


def _assignments(tx: Connection, settings: Settings, review: Review, after: str, now: int) -> None:
    found = reviews.assigned(tx, review.application, now, after=after, limit=BATCH)
    _write(tx, settings, review, found, AccessSource.ASSIGNMENT, now)
    following = f"{START}{found[-1].source_id}" if len(found) == BATCH else MEMBERS
    reviews.change(tx, review.id, cursor=following)


def _memberships(tx: Connection, settings: Settings, review: Review, after: str, now: int) -> None:
    group_id, _, person_id = after.partition("/")
    found = reviews.memberships(tx, review.application, now, after=(group_id, person_id), limit=BATCH)
    _write(tx, settings, review, found, AccessSource.MEMBERSHIP, now)
    if len(found) == BATCH:
        reviews.change(tx, review.id, cursor=f"{MEMBERS}{found[-1].source_id}/{found[-1].person_id}")
        return
    by_rule = reviews.by_rule(tx, review.application, now)
    reviews.change(tx, review.id, cursor=MAILS, state=ReviewState.RUNNING.value, by_rule=by_rule)


def _write(
    tx: Connection, settings: Settings, review: Review, found: Sequence[FoundAccess], source: AccessSource, now: int
) -> None:
    choice = ReviewerChoice(tx, settings, review.asks, now)
    review_items.add(
        tx,
        (
            ReviewItem(
                id=new_id(),
                review_id=review.id,
                person_id=one.person_id,
                source=source,
                source_id=one.source_id,
                application=one.application,
                role=one.role,
                since=one.since,
                last_used=one.last_used,
                reviewer=choice.of(one, source),
            )
            for one in found
        ),
    )


def _mails(tx: Connection, settings: Settings, outbox: Outbox, review: Review, after: str, now: int) -> bool:
    """One e-mail to each reviewer with undecided rows; also what a reminder sends."""
    asked = review_items.reviewers(tx, review.id, after=after, limit=TOGETHER)
    for address, count in asked:
        if is_living(tx, settings, address, now):
            ask_reviewer(tx, settings, outbox, review, address, count, now)
    more = len(asked) == TOGETHER
    reviews.change(tx, review.id, cursor=f"{MAILS}{asked[-1][0]}" if more else "")
    return more


def ask_reviewer(tx: Connection, settings: Settings, outbox: Outbox, review: Review, address: str, count: int, now: int) -> None:
    """The e-mail to one reviewer. Its link is the review's page, behind a sign-in."""
    member = people.by_email(tx, address)
    values: dict[str, object] = {
        "name": member.name if member else "",
        "application": scope_name(settings, review.application),
        "count": count,
        "due_at": review.due_at,
        "reminder": review.reminded_at is not None,
        "url": f"{settings.issuer}/admin/reviews/{review.id}",
    }
    language = language_of(member, settings)
    outbox.add(tx, Mail(kind=MailKind.REVIEW, recipient=address, language=language, values=values), now)
