"""What needs a person now: the first page of the portal shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from broker.domain.access_request import RequestState
from broker.domain.audit import Actor
from broker.domain.receipt import Outcome
from broker.domain.times import DAY
from broker.services import authorization
from broker.services.authorization import Right, Rights
from broker.services.core import Core
from broker.services.doctor import advice
from broker.services.doctor.finding import Advice
from broker.services.partners import health
from broker.services.partners.health import CertificateEnd, PartnerFault
from broker.settings.load import Settings
from broker.storage.directory import access_counts, access_requests, groups, guest_pages, waiting
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.engine import Connection
from broker.storage.login import sign_in_counts
from broker.storage.operations import outbox
from broker.storage.partners import documents

COUNTED = 10_000  # no count goes further
DAYS = 28  # that are drawn
WEEK = 7 * DAY
REASONS = 5  # reasons of refusals that are named
MAILS = 5  # mails that are named
QUEUED = 100  # what waits in a queue is counted no further on every page


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedSignIns:
    """Refused sign-ins of the last day with one reason at one partner. partner: its id, None before one was chosen; name: "" then."""

    reason: str
    partner: str | None
    name: str
    count: int
    last: int
    advice: Advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """requests: open ones. reviews: those that run. asked: whether a row of one of them waits for this person. Counts stop at QUEUED."""

    requests: int
    reviews: int
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingAccess:
    """Guests whose access ends within a week. application, group: whose guests; both "": all guests. name: of either."""

    guests: int
    application: str = ""
    group: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeliveredMail:
    """A mail to a person that was given up within the last month, and that no later mail made good."""

    person_id: str
    recipient: str
    problem: str
    at: int


@dataclass(frozen=True, slots=True)
class SignInDay:
    """One day, UTC. at: its first second."""

    at: int
    allowed: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What needs a person, of that which this actor may see. Counts go to COUNTED. days: None: they may see no sign-ins."""

    now: int
    requests: int = 0
    refused: tuple[RefusedSignIns, ...] = ()
    faults: tuple[PartnerFault, ...] = ()
    certificates: tuple[CertificateEnd, ...] = ()
    ending: tuple[EndingAccess, ...] = ()
    without_sponsor: int = 0
    mails: tuple[UndeliveredMail, ...] = ()
    days: tuple[SignInDay, ...] | None = None

    @property
    def lines(self) -> int:
        """How many things need a person."""
        several = (self.refused, self.faults, self.certificates, self.ending, self.mails)
        return bool(self.requests) + bool(self.without_sponsor) + sum(map(len, several))


class NeedsAttention:
    """Reads only: a fixed number of statements, each along an index."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def of(self, actor: Actor) -> Attention:
        """What needs a person. Owners see it for what they own. Raises Forbidden."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            rights = authorization.require(tx, settings, actor, Right.SEE_HOME, now)
            sees_guests = rights.may_everywhere(Right.SEE_GUESTS)
            rows = documents.all_of(tx) if rights.may_everywhere(Right.SEE_PARTNERS) else []
            return Attention(
                now=now,
                requests=_requests(tx, rights),
                refused=tuple(_refused(tx, settings, rights, now - DAY)),
                faults=health.faults(settings, rows),
                certificates=health.ending_soon(health.certificates(settings, rows), now),
                ending=tuple(_ending(tx, settings, rights, now)),
                without_sponsor=guest_pages.count(tx, GuestFilter(without_sponsor=True), most=COUNTED) if sees_guests else 0,
                mails=tuple(_mails(tx, now)) if sees_guests else (),
                days=_days(tx, rights, now),
            )

    def queues(self, rights: Rights) -> Queues:
        """What waits in the queues that these rights show, of this moment: one statement, counted up to QUEUED."""
        if not rights.may(Right.SEE_REQUESTS) and not rights.may(Right.SEE_REVIEWS):
            return Queues(requests=0, reviews=0, asked=False)
        with self._db.read() as tx:
            requests, reviews, asked = waiting.queues(
                tx,
                _own(rights, Right.SEE_REQUESTS),
                rights.person.email if rights.person else "",
                every_review=rights.may_everywhere(Right.SEE_REVIEWS),
                most=QUEUED,
            )
        return Queues(requests=requests, reviews=reviews, asked=asked)


def _own(rights: Rights, right: Right) -> frozenset[str] | None:
    """The applications whose things this actor may see; None: everything."""
    return None if rights.may_everywhere(right) else rights.applications


def _requests(tx: Connection, rights: Rights) -> int:
    if not rights.may(Right.SEE_REQUESTS):
        return 0
    mine = _own(rights, Right.SEE_REQUESTS)
    return access_requests.count(tx, RequestState.OPEN, applications=mine, most=COUNTED)


def _refused(tx: Connection, settings: Settings, rights: Rights, since: int) -> Iterator[RefusedSignIns]:
    if not rights.may(Right.SEE_SIGN_INS):
        return
    for one in sign_in_counts.by_reason(tx, since, applications=_own(rights, Right.SEE_SIGN_INS), limit=REASONS):
        partner = settings.partners.get(one.partner or "")
        yield RefusedSignIns(
            reason=one.reason or one.error or "",
            partner=one.partner,
            name=partner.name if partner else one.partner or "",
            count=one.count,
            last=one.last,
            advice=advice.of(one.reason or one.error or ""),
        )


def _ending(tx: Connection, settings: Settings, rights: Rights, now: int) -> Iterator[EndingAccess]:
    soon = now + WEEK
    if rights.may_everywhere(Right.SEE_GUESTS):
        count = guest_pages.count(tx, GuestFilter(expiring_before=soon), most=COUNTED)
        if count:
            yield EndingAccess(guests=count)
        return
    if not rights.may(Right.SEE_GUESTS):
        return
    for client_id, found in access_counts.of_applications(tx, sorted(rights.applications), now, soon).items():
        if found.ending:
            yield EndingAccess(guests=found.ending, application=client_id, name=settings.applications[client_id].name)
    named = groups.names(tx, rights.groups) if rights.groups else {}
    for group_id, found in access_counts.of_groups(tx, sorted(rights.groups), now, soon).items():
        if found.ending and group_id in named:
            yield EndingAccess(guests=found.ending, group=named[group_id], name=named[group_id])


def _mails(tx: Connection, now: int) -> Iterator[UndeliveredMail]:
    seen: set[str] = set()
    for person_id, mail in outbox.undelivered(tx, now - 4 * WEEK, 10 * MAILS):
        if person_id not in seen and len(seen) < MAILS:
            seen.add(person_id)
            yield UndeliveredMail(
                person_id=person_id, recipient=mail.recipient, problem=mail.problem or "", at=mail.failed_at or mail.created_at
            )


def _days(tx: Connection, rights: Rights, now: int) -> tuple[SignInDay, ...] | None:
    if not rights.may(Right.SEE_SIGN_INS):
        return None
    today = now // DAY
    first = today - DAYS + 1
    counted = sign_in_counts.by_day(tx, first * DAY, applications=_own(rights, Right.SEE_SIGN_INS))
    allowed = {one.day: one.count for one in counted if one.outcome is Outcome.ALLOWED}
    refused: dict[int, int] = {}
    for one in counted:
        if one.outcome is not Outcome.ALLOWED:
            refused[one.day] = refused.get(one.day, 0) + one.count
    return tuple(SignInDay(day * DAY, allowed.get(day, 0), refused.get(day, 0)) for day in range(first, today + 1))
