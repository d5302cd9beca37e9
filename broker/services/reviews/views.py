"""What staff see of reviews: frozen views, made in the transaction that read the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from broker.domain.guest import Person
from broker.domain.review import AccessSource, Asked, ItemOutcome, Review, ReviewItem, ReviewState, Verdict
from broker.settings.load import Settings
from broker.storage.directory import groups, people, review_items
from broker.storage.directory.review_items import Rows
from broker.storage.engine import Connection


def scope_name(settings: Settings, application: str) -> str:
    """The name of the application that a review is about, "" for all."""
    file = settings.applications.get(application)
    return file.name if file else application


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """One review in a list. application_name: "" for all applications. Times: seconds since 1970, UTC.

    kept, ended, undecided: rows that this actor may see, by verdict. by_rule: memberships that a rule gives, which no reviewer
    can end.
    """

    id: str
    application: str
    application_name: str
    asks: Asked
    state: ReviewState
    created_at: int
    due_at: int
    closed_at: int | None
    reminded_at: int | None
    by_rule: int
    kept: int
    ended: int
    undecided: int

    @property
    def total(self) -> int:
        """All rows."""
        return self.kept + self.ended + self.undecided

    def is_open(self, now: int) -> bool:
        """Whether reviewers can decide; it is over at its instant (HT-12)."""
        return self.state is not ReviewState.CLOSED and now < self.due_at

    @classmethod
    def of(cls, settings: Settings, review: Review, counts: Mapping[Verdict | None, int]) -> Self:
        """The view with its counts."""
        return cls(
            id=review.id,
            application=review.application,
            application_name=scope_name(settings, review.application),
            asks=review.asks,
            state=review.state,
            created_at=review.created_at,
            due_at=review.due_at,
            closed_at=review.closed_at,
            reminded_at=review.reminded_at,
            by_rule=review.by_rule,
            kept=counts.get(Verdict.KEEP, 0),
            ended=counts.get(Verdict.END, 0),
            undecided=counts.get(None, 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItemView:
    """One access of one guest. group: its name, "" for an assignment of their own. decided_by: an address, or the kind of actor."""

    id: str
    person_id: str
    email: str
    name: str
    partner: str
    sponsor: str
    source: AccessSource
    application: str
    role: str
    group: str
    since: int
    last_used: int | None
    reviewer: str
    verdict: Verdict | None
    decided_at: int | None
    decided_by: str
    outcome: ItemOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """A review with a page of its rows. own: rows that ask this actor. following: the id behind which the next page begins."""

    review: ReviewRow
    items: tuple[ReviewItemView, ...]
    own: int
    reviewers: int
    following: str
    may_decide_all: bool


def row(tx: Connection, settings: Settings, review: Review, rows: Rows) -> ReviewRow:
    """One line, with the counts of the rows that somebody may see."""
    return ReviewRow.of(settings, review, review_items.counts(tx, review.id, rows))


def items(tx: Connection, settings: Settings, found: Iterable[ReviewItem]) -> tuple[ReviewItemView, ...]:
    """The views of some rows: two statements, however many there are."""
    rows = list(found)
    known = people.by_ids(tx, {one.person_id for one in rows} | {one.decided_by for one in rows})
    names = groups.names(tx, {one.source_id for one in rows if one.source is AccessSource.MEMBERSHIP})
    return tuple(_item(settings, one, known, names) for one in rows if one.person_id in known)


def _item(settings: Settings, one: ReviewItem, known: Mapping[str, Person], names: Mapping[str, str]) -> ReviewItemView:
    person, by = known[one.person_id], one.decided_by
    partner = settings.partners.get(person.partner or "")
    return ReviewItemView(
        id=one.id,
        person_id=one.person_id,
        email=person.email,
        name=person.name,
        partner=partner.name if partner else "",
        sponsor=person.sponsor or "",
        source=one.source,
        application=one.application,
        role=one.role,
        group=names.get(one.source_id, "") if one.source is AccessSource.MEMBERSHIP else "",
        since=one.since,
        last_used=one.last_used,
        reviewer=one.reviewer or "",
        verdict=one.verdict,
        decided_at=one.decided_at,
        decided_by=known[by].email if by in known else by,
        outcome=one.outcome,
    )
