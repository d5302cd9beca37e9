"""What housekeeping does about reviews: continues their beginning, asks somebody else for a reviewer who left, ends what is due."""

from __future__ import annotations

from broker.domain.review import AccessSource, ReviewState
from broker.services.core import Core
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import is_living
from broker.services.reviews.closing import close_some
from broker.services.reviews.collection import advance, ask_reviewer
from broker.services.reviews.reviewers import ReviewerChoice
from broker.settings.load import Settings
from broker.storage.batches import BATCH
from broker.storage.directory import people, review_items, reviews
from broker.storage.directory.reviews import FoundAccess
from broker.storage.engine import Connection

STEPS = 100  # transactions of one run for one review; what is left is the next run's
WALK = 200  # reviewers of one review that one run looks at


class ReviewUpkeep:
    """One run is short and safe on several nodes at once."""

    def __init__(self, core: Core, outbox: Outbox) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._outbox = outbox
        self._seen: dict[str, str] = {}  # review -> the walk over its reviewers continues behind this address

    def look(self) -> int:
        """Continue, hand on, and end; how many rows were settled."""
        with self._db.read() as tx:
            waiting, running = reviews.unfinished(tx, self._clock(), 100), reviews.running(tx)
        settled = 0
        for review_id in waiting:
            self._begin(review_id)
            settled += self._close(review_id)
        for review_id in running:
            self._walk(review_id)
        self._seen = {one: self._seen[one] for one in running if one in self._seen}
        return settled

    def _begin(self, review_id: str) -> None:
        for _ in range(STEPS):
            with self._db.write() as tx:
                if not advance(tx, self._settings(), self._outbox, review_id, self._clock()):
                    return

    def _close(self, review_id: str) -> int:
        total = 0
        for _ in range(STEPS):
            with self._db.write() as tx:
                done = close_some(tx, self._settings(), review_id, self._clock())
            if done is None:
                break
            total += done
        return total

    def _walk(self, review_id: str) -> None:
        """Look whether the reviewers still work here, some at a run."""
        for _ in range(WALK):
            with self._db.read() as tx:
                reviewer = review_items.next_reviewer(tx, review_id, self._seen.get(review_id, ""))
                living = reviewer is not None and is_living(tx, self._settings(), reviewer, self._clock())
            if reviewer is None:
                self._seen.pop(review_id, None)
                return
            while not living and self._hand_on(review_id, reviewer):
                pass
            self._seen[review_id] = reviewer

    def _hand_on(self, review_id: str, gone: str) -> bool:
        """Ask somebody else about some open rows of a reviewer who is gone, with one e-mail each; whether there are more."""
        now, settings = self._clock(), self._settings()
        with self._db.write() as tx:
            review = reviews.by_id(tx, review_id)
            if review is None or review.state is not ReviewState.RUNNING or now >= review.due_at:
                return False
            rows = review_items.open_of(tx, review_id, gone, BATCH)
            choice, moved = ReviewerChoice(tx, settings, review.asks, now), dict[str | None, list[str]]()
            sponsors = people.by_ids(tx, {one.person_id for one in rows})
            for one in rows:
                sponsor = sponsors[one.person_id].sponsor if one.person_id in sponsors else None
                found = FoundAccess(one.source_id, one.person_id, sponsor, one.application, one.role, one.since, one.last_used)
                moved.setdefault(choice.of(found, AccessSource(one.source)), []).append(one.id)
            for address, ids in moved.items():
                review_items.ask_instead(tx, ids, address)
                self._tell(tx, settings, review_id, address, len(ids), now)
            return len(rows) == BATCH

    def _tell(self, tx: Connection, settings: Settings, review_id: str, address: str | None, count: int, now: int) -> None:
        review = reviews.by_id(tx, review_id)
        if address is not None and review is not None:
            ask_reviewer(tx, settings, self._outbox, review, address, count, now)
