"""Reviews as staff hold them: begun, decided one by one or in bulk, reminded of, exported.

A decision can change until the due date; nothing ends before it. After it, housekeeping ends what nobody kept (closing.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from broker.domain.audit import Actor, ActorKind, Event
from broker.domain.errors import Conflict, Forbidden, Invalid, NotFound
from broker.domain.ids import new_id
from broker.domain.review import Asked, Review, ReviewState, Verdict
from broker.domain.times import DAY, YEAR
from broker.services import authorization
from broker.services.authorization import Right, Rights
from broker.services.core import Core
from broker.services.history import audit
from broker.services.messages.outbox import Outbox
from broker.services.reviews.collection import MAILS, START, advance
from broker.services.reviews.views import ReviewItemView, ReviewPage, ReviewRow, items, row
from broker.storage.directory import review_items, reviews
from broker.storage.directory.review_items import Rows
from broker.storage.engine import Connection

AT_ONCE = 20  # steps of the beginning that the person who starts a review waits for; housekeeping does the rest
LONGEST = YEAR  # seconds between the beginning and the due date
BULK = 1000  # rows of one transaction of a bulk decision
PAGE = 500  # rows that an export reads at once


class Reviews:
    """Administrators hold reviews of everything, owners of what they own; the member who is asked decides their own rows."""

    def __init__(self, core: Core, outbox: Outbox) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._outbox = outbox

    def start(self, actor: Actor, application: str | None, *, due_at: int, asks: Asked = Asked.SPONSORS) -> ReviewRow:
        """Begin a review of one application, or of all (None). Raises NotFound, Forbidden, Invalid (the due date)."""
        now, settings = self._clock(), self._settings()
        if not now < due_at <= now + LONGEST:
            raise Invalid("the due date must lie in the future, and within a year", "due_invalid")
        review = Review(
            id=new_id(),
            application=application or "",
            asks=asks,
            state=ReviewState.COLLECTING,
            cursor=START,
            created_at=now,
            created_by=actor.id if actor.kind is ActorKind.PERSON else actor.kind.value,
            due_at=due_at,
        )
        with self._db.write() as tx:
            rights = authorization.require(tx, settings, actor, Right.HOLD_REVIEWS, now)
            allowed = rights.may_everywhere(Right.HOLD_REVIEWS) or (
                application is not None and rights.over_application(Right.HOLD_REVIEWS, application)
            )
            if application is None and not allowed:
                raise Forbidden("only administrators review all applications", "not_administrator")
            if application is not None and (not allowed or application not in settings.applications):
                raise NotFound(f"there is no application {application!r}", "application_unknown")
            reviews.add(tx, review)
            data = {"review": review.id, "due_at": due_at, "asks": asks.value}
            audit.record(tx, Event(name="review.started", actor=actor, target=review.application, data=data), now)
        for _ in range(AT_ONCE):
            if not self.advance(review.id):
                break
        return self.show(actor, review.id, limit=1).review

    def advance(self, review_id: str) -> bool:
        """One step of the beginning; whether there is another one (collection.py)."""
        with self._db.write() as tx:
            return advance(tx, self._settings(), self._outbox, review_id, self._clock())

    def listed(self, actor: Actor, *, before: tuple[int, str] | None = None, limit: int = 50) -> list[ReviewRow]:
        """Reviews, the newest first, behind (created_at, id): all, or those of one's own and those that ask one."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            rights = authorization.rights_of_staff(tx, settings, actor, now)  # any member may be asked
            if rights.may_everywhere(Right.SEE_REVIEWS):
                found = reviews.page(tx, before=before, limit=limit)
            else:
                found = reviews.page_of(
                    tx, applications=rights.applications, reviewer=_address(rights), before=before, limit=limit
                )
            return [row(tx, settings, one, _rows(rights, one, Right.SEE_REVIEWS)) for one in found]

    def show(
        self, actor: Actor, review_id: str, *, mine: bool = False, open_only: bool = False, after: str = "", limit: int = 50
    ) -> ReviewPage:
        """A review with a page of the rows that this actor may see. mine: that ask them. Raises NotFound."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            rights, review = self._found(tx, actor, review_id, now)
            seen = _rows(rights, review, Right.SEE_REVIEWS)
            own = Rows(reviewer=_address(rights), mine=True)
            chosen = Rows(
                everything=seen.everything,
                applications=seen.applications,
                reviewer=seen.reviewer,
                open_only=open_only,
                mine=mine,
            )
            found = review_items.page(tx, review.id, chosen, after=after, limit=limit + 1)
            return ReviewPage(
                review=row(tx, settings, review, seen),
                items=items(tx, settings, found[:limit]),
                own=sum(review_items.counts(tx, review.id, own).values()) if own.reviewer else 0,
                reviewers=len(review_items.reviewers(tx, review.id, after="", limit=100)) if seen.everything else 0,
                following=found[limit - 1].id if len(found) > limit else "",
                may_decide_all=_rows(rights, review, Right.HOLD_REVIEWS).everything,
            )

    def decide(self, actor: Actor, review_id: str, verdicts: Mapping[str, Verdict]) -> int:
        """Decide some rows, each by its id; how many were decided. Rows that are not one's own are not among them.

        Raises NotFound, Conflict (the due date has passed).
        """
        now = self._clock()
        with self._db.write() as tx:
            rights, review = self._open(tx, actor, review_id, now)
            may, by = _rows(rights, review, Right.HOLD_REVIEWS), _by(actor)
            done = {
                verdict: review_items.decide(
                    tx, review.id, may, [one for one, said in verdicts.items() if said is verdict], verdict, by=by, now=now
                )
                for verdict in Verdict
            }
            self._tell(tx, actor, review, done, now)
        return sum(done.values())

    def decide_all(self, actor: Actor, review_id: str, verdict: Verdict, *, mine: bool = False) -> int:
        """Decide every row that is open and one's own, in batches; what was done stays done. Raises NotFound, Conflict."""
        total = 0
        while True:
            now = self._clock()
            with self._db.write() as tx:
                rights, review = self._open(tx, actor, review_id, now)
                may = _rows(rights, review, Right.HOLD_REVIEWS)
                wanted = Rows(
                    everything=may.everything, applications=may.applications, reviewer=may.reviewer, open_only=True, mine=mine
                )
                ids = [one.id for one in review_items.page(tx, review.id, wanted, limit=BULK)]
                done = review_items.decide(tx, review.id, wanted, ids, verdict, by=_by(actor), now=now) if ids else 0
                if done:
                    self._tell(tx, actor, review, {verdict: done}, now)
            total += done
            if len(ids) < BULK:
                return total

    def remind(self, actor: Actor, review_id: str) -> None:
        """Send each reviewer with undecided rows another e-mail. Raises NotFound, Forbidden, Conflict (at most once a day)."""
        now = self._clock()
        with self._db.write() as tx:
            rights, review = self._open(tx, actor, review_id, now)
            if not _rows(rights, review, Right.HOLD_REVIEWS).everything:
                raise Forbidden("only the people who hold this review can remind its reviewers", "review_not_held")
            if review.cursor or now < (review.reminded_at or review.created_at) + DAY:
                raise Conflict("its reviewers had an e-mail within the last day", "reminded_already")
            reviews.change(tx, review.id, cursor=MAILS, reminded_at=now)
            event = Event(name="review.reminded", actor=actor, target=review.application, data={"review": review.id})
            audit.record(tx, event, now)
        for _ in range(AT_ONCE):
            if not self.advance(review_id):
                break

    def export(self, actor: Actor, review_id: str) -> Iterator[ReviewItemView]:
        """Every row that this actor may see, a page at a time. Raises NotFound at the first row."""
        after = ""
        while True:
            now, settings = self._clock(), self._settings()
            with self._db.read() as tx:
                rights, review = self._found(tx, actor, review_id, now)
                found = review_items.page(tx, review.id, _rows(rights, review, Right.SEE_REVIEWS), after=after, limit=PAGE)
                shown = items(tx, settings, found)
            yield from shown
            if len(found) < PAGE:
                return
            after = found[-1].id

    # --- who may ------------------------------------------------------------------------------------------------------

    def _found(self, tx: Connection, actor: Actor, review_id: str, now: int) -> tuple[Rights, Review]:
        """A review of which this actor may see a row; for anybody else there is none (AD-01)."""
        rights = authorization.rights_of_staff(tx, self._settings(), actor, now)
        review = reviews.by_id(tx, review_id)
        if review is not None:
            seen = _rows(rights, review, Right.SEE_REVIEWS)
            if seen.everything or review_items.has_rows(tx, review.id, seen):
                return rights, review
        raise NotFound(f"there is no review {review_id!r}", "review_unknown")

    def _open(self, tx: Connection, actor: Actor, review_id: str, now: int) -> tuple[Rights, Review]:
        """The same for a person who decides: who only sees it may not."""
        rights, review = self._found(tx, actor, review_id, now)
        may = _rows(rights, review, Right.HOLD_REVIEWS)
        if not may.everything and not review_items.has_rows(tx, review.id, may):
            raise Forbidden("you decide no row of this review", "review_not_held")
        if review.state is ReviewState.CLOSED or now >= review.due_at:
            raise Conflict("the due date of this review has passed", "review_closed")
        return rights, review

    @staticmethod
    def _tell(tx: Connection, actor: Actor, review: Review, done: Mapping[Verdict, int], now: int) -> None:
        data: dict[str, object] = {"review": review.id, **{verdict.value: count for verdict, count in done.items()}}
        audit.record(tx, Event(name="review.decided", actor=actor, target=review.application, data=data), now)


def _rows(rights: Rights, review: Review, right: Right) -> Rows:
    """The rows of a review over which somebody has a right: all, those of applications that they own, those that ask them."""
    if rights.may_everywhere(right) or (review.application and rights.over_application(right, review.application)):
        return Rows(everything=True, reviewer=_address(rights))
    return Rows(applications=rights.applications, reviewer=_address(rights))


def _address(rights: Rights) -> str:
    return rights.person.email if rights.person else ""


def _by(actor: Actor) -> str:
    return actor.id if actor.kind is ActorKind.PERSON else actor.kind.value
