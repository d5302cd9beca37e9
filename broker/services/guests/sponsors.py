"""Sponsors, the members who answer for guests: hands guests over, and finds sponsors who are gone."""

from __future__ import annotations

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid
from broker.domain.guest import Person, PersonKind
from broker.domain.question import QuestionKind
from broker.services.addresses import parse
from broker.services.core import Core
from broker.services.guests.transitions import rules_of, schedule
from broker.services.guests.views import GuestRow
from broker.services.history import audit
from broker.services.lookup import named
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

    def _give(self, tx: Connection, actor: Actor, guest: Person, sponsor: str, reason: str, now: int) -> None:
        rules = rules_of(self._settings())
        closed = Withdrawn(0, {})
        if sponsor != guest.sponsor:  # owners answer requests for access, so they stay open
            closed = withdraw(tx, actor, guest, now, reason="sponsor_changed", but=QuestionKind.ACCESS)
        people.change(tx, guest.id, {"sponsor": sponsor, "orphaned_at": None, **closed.values})
        after = people.by_id(tx, guest.id)
        if after is not None:
            people.change(tx, guest.id, schedule(after, rules, now))
        personal = {"sponsor": sponsor, "before": guest.sponsor or ""} | ({"reason": reason} if reason else {})
        audit.record(
            tx, Event(name="guest.sponsor_changed", actor=actor, subject=guest.id, data=closed.to_data(), personal=personal), now
        )
