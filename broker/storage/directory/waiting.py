"""How much waits in the queues of staff: what the navigation of the portal shows, in one statement."""

from __future__ import annotations

from sqlalchemy import Connection, exists, false, func, literal, or_, select

from broker.domain.access_request import RequestState
from broker.domain.review import ReviewState
from broker.storage.tables import access_requests, review_items, reviews


def queues(
    tx: Connection, applications: frozenset[str] | None, reviewer: str, *, every_review: bool, most: int
) -> tuple[int, int, bool]:
    """(open requests, reviews that run, whether a row of one of them waits for the reviewer), counts up to `most`.

    applications: only requests for these, None: all. reviewer: the address that reviews ask. every_review: all reviews that run;
    else those of `applications` and those that ask the reviewer, as `reviews.page_of` finds them.
    """
    r, c, i = access_requests.c, reviews.c, review_items.c
    names = sorted(applications or ())
    wish = select(r.id).where(r.state == RequestState.OPEN.value)
    runs = select(c.id).where(c.state == ReviewState.RUNNING.value)
    of_reviewer = exists().where(i.review_id == c.id, i.reviewer == reviewer)
    if applications is not None:
        wish = wish.where(r.application.in_(names))
    if not every_review:
        theirs = exists().where(i.review_id == c.id, i.application.in_(names)) if names else false()
        runs = runs.where(or_(c.application.in_(names), of_reviewer, theirs))
    waits = (
        exists()
        .where(i.review_id == c.id, i.reviewer == reviewer, i.verdict.is_(None), c.state == ReviewState.RUNNING.value)
        .select_from(reviews, review_items)
    )
    row = tx.execute(
        select(
            select(func.count()).select_from(wish.limit(most).subquery()).scalar_subquery(),
            select(func.count()).select_from(runs.limit(most).subquery()).scalar_subquery(),
            waits if reviewer else literal(False),
        )
    ).one()
    return int(row[0]), int(row[1]), bool(row[2])
