"""Guests as one member of staff may see them: lists for the portal, and one guest's page. Owners see what they own, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from broker.domain.audit import Actor, Event
from broker.domain.errors import NotFound
from broker.domain.group import is_uuid
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.ids import is_reference
from broker.domain.invitation import Invitation, Status
from broker.domain.receipt import Search
from broker.domain.times import DAY
from broker.services.authorization import Right, Rights, require, scope_of
from broker.services.core import Core
from broker.services.guests.directory import view_of
from broker.services.guests.views import GuestRow, GuestView
from broker.services.history import audit
from broker.services.lookup import guest_for
from broker.storage.directory import access_requests, people, staff_pages
from broker.storage.directory.staff_pages import CAP, GuestKey, GuestOrder, GuestSearch
from broker.storage.engine import Connection
from broker.storage.history import audit as audit_rows
from broker.storage.login import invitations, receipts
from broker.storage.oauth import sessions

__all__ = ["CAP", "GuestKey", "GuestOrder", "GuestSearch", "StaffGuests", "usual_searches"]

ENDING = 14 * DAY  # seconds: a guest whose access ends within it is listed as ending
EXPORT_PAGE = 1_000  # rows of one transaction of an export
_HISTORY, _RECEIPTS = 12, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestList:
    """A page of a list. next_key: of the page behind it, None on the last one. counts: by name; one above CAP means more."""

    rows: tuple[GuestRow, ...]
    next_key: GuestKey | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationState:
    """The newest invitation. delivery: `waiting`, `sent` or `refused` (the mail came back), "" where no mail is known."""

    id: str
    status: Status
    application: str | None
    inviter: str
    created_at: int
    expires_at: int
    redeemed_at: int | None
    delivery: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One event of the audit about a guest. actor: an address, or how the actor is called. reason: in a person's words, or ""."""

    at: int
    name: str
    actor: str
    target: str
    reason: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLine:
    """One sign-in of a guest; `request_id` leads to its whole receipt."""

    request_id: str
    at: int
    outcome: str
    application: str | None
    error: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserLine:
    """A browser in which a guest is signed in."""

    device: str
    partner: str
    created_at: int
    last_seen_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestPage:
    """One guest's page. whole: False for an owner, to whom only what they own is shown. acts: rights over this guest.

    signed_up_for: the application at which they signed up themselves; None for another guest, and where the request is deleted already or
    the application is not the owner's.
    """

    guest: GuestView
    invitation: InvitationState | None
    sign_ins: tuple[SignInLine, ...]
    sessions: tuple[BrowserLine, ...]
    history: tuple[HistoryEntry, ...]
    whole: bool
    acts: frozenset[Right]
    signed_up_for: str | None = None


def usual_searches(now: int, idle: int) -> Mapping[str, GuestSearch]:
    """The searches that staff look at most. idle: seconds without a sign-in after which a guest is listed as not seen."""
    return {
        "all": GuestSearch(),
        "invited": GuestSearch(state=GuestState.INVITED),
        "ending": GuestSearch(state=GuestState.ACTIVE, ends_before=now + ENDING),
        "no_sponsor": GuestSearch(without_sponsor=True),
        "unseen": GuestSearch(state=GuestState.ACTIVE, seen_before=now - idle),
    }


class StaffGuests:
    """Lists, shows and exports guests; each asks for the right first."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def listed(
        self,
        actor: Actor,
        wanted: GuestSearch,
        order: GuestOrder,
        *,
        views: Mapping[str, GuestSearch],
        after: GuestKey | None = None,
        limit: int = 25,
    ) -> GuestList:
        """A page, and the counts of this search (`here`) and of the views. Raises Forbidden."""
        now = self._clock()
        with self._db.read() as tx:
            rights = require(tx, self._settings(), actor, Right.SEE_GUESTS, now)
            found = reachable(tx, rights, wanted)
            scoped = {name: replace(one, scope=found.scope) for name, one in views.items()}
            rows, keys = staff_pages.page(tx, found, order, after=after, limit=limit + 1)
            counted = staff_pages.counts(tx, {"here": found, **scoped})
        more = len(rows) > limit
        return GuestList(
            rows=tuple(GuestRow.of(person) for person in rows[:limit]), next_key=keys[limit - 1] if more else None, counts=counted
        )

    def export(self, actor: Actor, wanted: GuestSearch) -> Iterator[GuestRow]:
        """Every guest of a search, by address, a page in memory at a time; the audit records it first. Raises Forbidden."""
        now = self._clock()
        with self._db.write() as tx:
            rights = require(tx, self._settings(), actor, Right.EXPORT_GUESTS, now)
            found = reachable(tx, rights, wanted)
            count = staff_pages.counts(tx, {"here": found})["here"]
            audit.record(tx, Event(name="guests.exported", actor=actor, data={"count": count, "capped": count > CAP}), now)
        return self._pages(found)

    def _pages(self, wanted: GuestSearch) -> Iterator[GuestRow]:
        after: GuestKey | None = None
        while True:
            with self._db.read() as tx:
                rows, keys = staff_pages.page(tx, wanted, GuestOrder.EMAIL, after=after, limit=EXPORT_PAGE)
            yield from (GuestRow.of(one) for one in rows)
            if len(rows) < EXPORT_PAGE:
                return
            after = keys[-1]

    def show(self, actor: Actor, guest_id: str) -> GuestPage:
        """One guest's page. Raises Forbidden, NotFound (a member, too: this is the page of guests)."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            person = guest_for(tx, settings, actor, Right.SEE_GUESTS, guest_id, now)
            if person.kind is PersonKind.MEMBER:
                raise NotFound(f"there is no guest {guest_id!r}", "guest_unknown")
            rights = require(tx, settings, actor, Right.SEE_GUESTS, now)
            whole = rights.may_everywhere(Right.SEE_GUESTS)
            guest = view_of(tx, person, now)
            lines = [receipt for receipt, _ in receipts.newest(tx, Search(person_id=person.id), _RECEIPTS if whole else 50)]
            newest = invitations.latest_of(tx, person.id)
            live = sessions.live_of(tx, person.id, now) if whole else []
            signed_up_for = _signed_up_for(tx, person, rights)
            history = self._history(tx, person.id) if rights.may_everywhere(Right.SEE_AUDIT) else ()
        seen = guest if whole else _narrowed(guest, rights)
        mine = [one for one in lines if whole or rights.over_application(Right.SEE_SIGN_INS, one.application)]
        return GuestPage(
            guest=seen,
            invitation=_state(newest, guest, rights, now) if newest else None,
            sign_ins=tuple(
                SignInLine(
                    request_id=one.request_id,
                    at=one.at,
                    outcome=one.outcome.value,
                    application=one.application,
                    error=one.error,
                    reason=one.reason,
                )
                for one in mine[:_RECEIPTS]
            ),
            sessions=tuple(
                BrowserLine(device=one.device, partner=one.partner, created_at=one.created_at, last_seen_at=one.last_seen_at)
                for one in live
            ),
            history=history,
            whole=whole,
            acts=frozenset(right for right in Right if rights.may_everywhere(right) or _owns_right(rights, right)),
            signed_up_for=signed_up_for,
        )

    @staticmethod
    def _history(tx: Connection, person_id: str) -> tuple[HistoryEntry, ...]:
        events = audit_rows.about(tx, person_id, limit=_HISTORY)
        ids = sorted({event["actor_id"] for event in events if event["actor_kind"] == "person" and event["actor_id"]})
        names = {one: person.email for one, person in people.by_ids(tx, ids).items()}
        return tuple(
            HistoryEntry(
                at=event["at"],
                name=event["name"],
                actor=names.get(event["actor_id"], event["actor_id"] or event["actor_kind"]),
                target=event["target"],
                reason=event["personal"].get("reason", ""),
                data=event["data"],
            )
            for event in events
        )


def _signed_up_for(tx: Connection, person: Person, rights: Rights) -> str | None:
    """By the first request of the sign-up."""
    if person.signed_up_at is None:
        return None
    asked = [one.application for one in access_requests.of_person(tx, person.id, since=person.signed_up_at) if one.signed_up]
    return asked[-1] if asked and rights.over_application(Right.SEE_GUESTS, asked[-1]) else None


def reachable(tx: Connection, rights: Rights, wanted: GuestSearch) -> GuestSearch:
    """The search within the actor's scope; an id or a reference in it names one person."""
    found, text = replace(wanted, scope=scope_of(rights, Right.SEE_GUESTS)), wanted.text.strip()
    if is_uuid(text):
        return replace(found, text="", person_id=text.lower())
    if not is_reference(text.upper()):
        return replace(found, text=text)
    receipt = receipts.by_request(tx, text.upper())
    if receipt is None or not rights.may_everywhere(Right.SEE_SIGN_INS):
        return replace(found, text=text)
    claimed = people.by_email(tx, receipt.claimed) if receipt.claimed and receipt.person_id is None else None
    return replace(found, text="", person_id=receipt.person_id or (claimed.id if claimed else "-"))


def _narrowed(guest: GuestView, rights: Rights) -> GuestView:
    """What an owner may see of a guest: who they are, and what they have of the owner's own applications and groups (AD-01)."""
    return replace(
        guest,
        identities=(),
        consents=tuple(one for one in guest.consents if one.application in rights.applications),
        methods=(),
        groups=tuple(one for one in guest.groups if one.id in rights.groups),
        assignments=tuple(one for one in guest.assignments if one.application in rights.applications),
        mails=(),
    )


def _owns_right(rights: Rights, right: Right) -> bool:
    return right in (Right.RESEND, Right.INVITE) and rights.may(right)


def _state(invitation: Invitation, guest: GuestView, rights: Rights, now: int) -> InvitationState:
    """With how far its mail came, by the newest mail of an invitation since it was made. Without what is not the viewer's (AD-01)."""
    mail = next((one for one in guest.mails if one.kind.value == "invitation" and one.created_at >= invitation.created_at), None)
    own = invitation.application is not None and rights.over_application(Right.SEE_GUESTS, invitation.application)
    return InvitationState(
        id=invitation.id,
        status=invitation.status_at(now),
        application=invitation.application if own else None,
        inviter=invitation.inviter,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        redeemed_at=invitation.redeemed_at,
        delivery=mail.status if mail else "",
        problem=(mail.problem or "") if mail else "",
    )
