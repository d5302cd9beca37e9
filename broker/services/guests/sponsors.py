"""Sponsors, the members who answer for guests: hands guests over, and finds sponsors who are gone."""

from __future__ import annotations

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.guest import Person, PersonKind
from broker.domain.question import QuestionKind
from broker.services import authorization
from broker.services.addresses import parse
from broker.services.authorization import Right
from broker.services.core import Core
from broker.services.guests.transitions import rules_of, schedule
from broker.services.guests.views import GuestRow
from broker.services.history import audit
from broker.services.lookup import guest_for, living, named
from broker.services.messages.respondents import is_living
from broker.services.messages.withdrawals import Withdrawn, withdraw
from broker.storage.batches import BATCH as ROWS
from broker.storage.directory import guest_schedule, people
from broker.storage.engine import Connection

WALK = 1000  # sponsors of one run
BATCH = 200  # guests of one transaction


class Sponsors:
    """Hands guests over; notes which sponsors are gone or back."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._seen = ""  # the next run continues after this sponsor

    def hand_over(self, actor: Actor, name: str, sponsor: str, *, reason: str = "") -> GuestRow:
        """Gives a guest another sponsor. Raises NotFound, Conflict (a member), Invalid (not a member who can answer)."""
        now = self._clock()
        with self._db.write() as tx:
            person = named(tx, name, lock=True)
            if person.kind is PersonKind.MEMBER:
                raise Conflict(f"{person.email} is a member: nobody answers for members", "is_member")
            self._give(tx, actor, person, self._able(tx, sponsor, now), reason, now)
            return GuestRow.of(named(tx, person.id))

    def named_by(self, actor: Actor, person_id: str) -> str:
        """The address of a member who can answer for guests, by id, for an invitation. Raises Forbidden, NotFound, Invalid."""
        now = self._clock()
        with self._db.read() as tx:
            authorization.require_everywhere(tx, self._settings(), actor, Right.INVITE, now)
            return self._member(tx, person_id, now)

    def replace(self, actor: Actor, guest: str, sponsor_id: str) -> GuestRow:
        """Gives a guest the sponsor of this id. Raises Forbidden, NotFound, Invalid (not a member who can answer), Conflict (has them)."""
        now = self._clock()
        with self._db.write() as tx:
            person = guest_for(tx, self._settings(), actor, Right.CHANGE, guest, now, lock=True)
            address = self._member(tx, sponsor_id, now)
            if person.sponsor == address:
                raise Conflict(f"{address} answers for this guest already", "sponsor_same")
            self._give(tx, actor, person, address, "", now)
            return GuestRow.of(living(tx, person.id))

    def release(self, actor: Actor, guest: str, sponsor_id: str) -> GuestRow:
        """Nobody answers for a guest any more. Raises Forbidden, NotFound (also for somebody who does not answer for this guest)."""
        now = self._clock()
        with self._db.write() as tx:
            person = guest_for(tx, self._settings(), actor, Right.CHANGE, guest, now, lock=True)
            sponsor = living(tx, sponsor_id)
            if not person.sponsor or person.sponsor != sponsor.email:
                raise NotFound("this member does not answer for this guest", "sponsor_unknown")
            self._give(tx, actor, person, None, "", now)
            return GuestRow.of(living(tx, person.id))

    def _member(self, tx: Connection, person_id: str, now: int) -> str:
        member = living(tx, person_id)
        if member.kind is not PersonKind.MEMBER:
            raise Invalid("a sponsor is a member of staff", "sponsor_unknown")
        return self._able(tx, member.email, now)

    def hand_over_all(self, actor: Actor, old: str, new: str, *, reason: str = "") -> int:
        """Gives every guest of one sponsor to another; returns how many. Each batch is committed. Raises Invalid."""
        before, total = parse(old), 0
        while True:
            now = self._clock()
            with self._db.write() as tx:
                able = self._able(tx, new, now)
                if able == before:
                    raise Invalid("the two sponsors are the same", "sponsor_same")
                guests = guest_schedule.guests_of(tx, before, BATCH)
                for guest in guests:
                    self._give(tx, actor, guest, able, reason, now)
            total += len(guests)
            if not guests:  # not at a smaller batch: another command may have changed some of them meanwhile
                return total

    def look(self) -> int:
        """Notes which guests' sponsors are gone or back; returns how many guests. The next run continues."""
        concerned = 0
        for _ in range(WALK):
            with self._db.read() as tx:
                sponsor = guest_schedule.next_sponsor(tx, self._seen)
                living = sponsor is not None and is_living(tx, self._settings(), sponsor, self._clock())
            if sponsor is None:
                self._seen = ""
                break
            concerned += self._note(sponsor, living=living)
            self._seen = sponsor
        return concerned

    def _note(self, sponsor: str, *, living: bool) -> int:
        """Reads first: for an unchanged sponsor no write transaction begins."""
        with self._db.read() as tx:
            if not guest_schedule.is_other(tx, sponsor, orphaned=not living):
                return 0
        total = 0
        while True:
            with self._db.write() as tx:
                if not living:
                    guest_schedule.ask_others(tx, sponsor, self._clock())
                changed = guest_schedule.adopt(tx, sponsor) if living else guest_schedule.orphan(tx, sponsor, self._clock())
            total += changed
            if changed < ROWS:
                return total

    def _able(self, tx: Connection, sponsor: str, now: int) -> str:
        address = parse(sponsor)
        if not is_living(tx, self._settings(), address, now):
            raise Invalid(f"{address} is no member who can answer for a guest", "sponsor_unknown")
        return address

    def _give(self, tx: Connection, actor: Actor, guest: Person, sponsor: str | None, reason: str, now: int) -> None:
        rules = rules_of(self._settings())
        closed = Withdrawn(0, {})
        if sponsor != guest.sponsor:  # owners answer requests for access, so they stay open
            closed = withdraw(tx, actor, guest, now, reason="sponsor_changed", but=QuestionKind.ACCESS)
        people.change(tx, guest.id, {"sponsor": sponsor, "orphaned_at": None if sponsor else now, **closed.values})
        after = people.by_id(tx, guest.id)
        if after is not None:
            people.change(tx, guest.id, schedule(after, rules, now))
        personal = {"sponsor": sponsor or "", "before": guest.sponsor or ""} | ({"reason": reason} if reason else {})
        audit.record(
            tx, Event(name="guest.sponsor_changed", actor=actor, subject=guest.id, data=closed.to_data(), personal=personal), now
        )
