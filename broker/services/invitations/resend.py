"""Sends a new invitation mail for an expired link: to the invited address only, and with the same page in every case (IN-06)."""

from __future__ import annotations

from dataclasses import replace

from broker.domain.audit import Actor, Event
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.ids import digest
from broker.domain.invitation import Invitation, Status
from broker.domain.network import counted
from broker.domain.times import HOUR
from broker.services.core import Core
from broker.services.history import audit
from broker.services.invitations.links import Tickets
from broker.services.invitations.request import letter, may_be_invited
from broker.services.invitations.validity import inviter_is_gone
from broker.services.rate_limits import RateLimits
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import invitations
from broker.storage.operations import rate_limits

PER_ADDRESS = 20  # requests of one address an hour; more are refused, for known and unknown links
PER_GUEST = 3  # mails to one guest an hour; more are not sent, and the page stays the same


class Fresh:
    """Sends a new invitation mail for an expired link."""

    def __init__(self, core: Core, rate_limits: RateLimits, tickets: Tickets) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._rate_limits = rate_limits
        self._tickets = tickets

    def send(self, ticket: str, address: str) -> None:
        """Queues a new invitation, if the guest of this ticket may have one; the caller does not learn whether (LP-04).

        address: of the browser. Raises TooManyAttempts above PER_ADDRESS, also for an unknown ticket.
        """
        self._rate_limits.hit(f"fresh:{counted(address)}", limit=PER_ADDRESS, window=HOUR)
        now, actor = self._clock(), Actor.person(address=address)
        with self._db.write() as tx:
            held = invitations.by_ticket(tx, digest(ticket))
            guest = people.by_id(tx, held.person_id, lock=True) if held else None
            last = invitations.latest_of(tx, guest.id) if guest else None
            if held is None or guest is None or last is None:
                return
            reason = self._objection(tx, held, last, guest, now)
            if reason is not None:
                event = Event(name="invitation.fresh_refused", actor=actor, subject=guest.id, target=held.id, reason=reason)
                audit.record(tx, event, now)
                return
            # A redeemed invitation assigns nothing again: an assignment that staff has ended stays ended.
            wanted = replace(last, application=None) if last.status is Status.REDEEMED else last
            self._tickets.issue(
                tx,
                actor,
                wanted,
                lambda url, until: [letter(self._settings(), last, guest, url, until)],
                now,
                event="invitation.sent_again",
                data={"asked_with": held.id},
            )

    def _objection(self, tx: Connection, held: Invitation, last: Invitation, guest: Person, now: int) -> str | None:
        """Why no mail is sent, or None. The newest invitation decides, for every link of the guest (IN-04)."""
        if held.status_at(now) is Status.PENDING:
            return "still_valid"
        if last.status is Status.REVOKED:
            return "invitation_revoked"
        if guest.kind is PersonKind.MEMBER or guest.state not in (GuestState.INVITED, GuestState.ACTIVE) or guest.is_expired(now):
            return f"guest_{guest.state}"
        if {held.email, last.email} != {guest.email} or (last.status is Status.REDEEMED and guest.state is GuestState.INVITED):
            return "guest_reset"  # staff removed the binding: only staff invites this guest again
        if not may_be_invited(self._settings(), guest.email):
            return "domain_denied"
        if inviter_is_gone(tx, self._settings(), last, now):
            return "invitation_inviter"
        return "limit_reached" if rate_limits.count_attempt(tx, f"fresh:{guest.id}", now, HOUR) > PER_GUEST else None
