"""Sponsors: the members who answer for guests; who is gone, who is asked instead, and how guests are handed over."""

from __future__ import annotations

from collections.abc import Callable

from broker.domain.address import in_domains
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid
from broker.domain.guest import Kind, Person, State
from broker.domain.invitation import Invitation
from broker.domain.question import QuestionKind
from broker.services import audit, rights
from broker.services.addresses import parse
from broker.services.moves import rules_of, schedule
from broker.services.named import named
from broker.services.withdrawals import Withdrawn, withdraw
from broker.settings.load import Settings
from broker.storage import lives, people
from broker.storage.batches import BATCH as ROWS
from broker.storage.engine import Connection, Database

WALK = 1000  # sponsors of one run
BATCH = 200  # guests of one transaction


def is_living(tx: Connection, settings: Settings, address: str | None, now: int) -> bool:
    """Whether this address is a member's who can answer: at work, or of the staff's domain and not here yet.

    A company without a `members: true` partner has no members to compare with: then anybody who is no guest can.
    """
    if not address:
        return False
    domains = [domain for partner in settings.partners.values() if partner.members for domain in partner.domains]
    if domains and not in_domains(address, domains):
        return False
    person = people.by_email(tx, address)
    if person is None:
        return True
    return person.kind is Kind.MEMBER and person.state is State.ACTIVE and not person.is_expired(now)


def asked_for(tx: Connection, settings: Settings, guest: Person, now: int) -> list[str]:
    """Who is asked about a guest: the sponsor, or in place of one who is gone the administrators."""
    if guest.sponsor and is_living(tx, settings, guest.sponsor, now):
        return [guest.sponsor]
    return [address for address in settings.broker.administrators if is_living(tx, settings, address, now)]


def who_answers(
    tx: Connection, settings: Settings, kind: QuestionKind, guest: Person, invitation: Invitation | None, now: int
) -> list[str]:
    """Whom a question of this kind about a guest is to be asked NOW; nobody answers for themselves (MF-12).

    invitation: the one that a `mismatch` is about: the member who invited answers for it while at work.
    """
    member = people.by_id(tx, invitation.invited_by) if invitation is not None and invitation.invited_by else None
    if kind is QuestionKind.MISMATCH and member is not None and rights.is_at_work(member, now):
        return [member.email]
    return [one for one in asked_for(tx, settings, guest, now) if one != guest.email]


class Sponsors:
    """Hand over, and look who is gone."""

    def __init__(self, db: Database, clock: Callable[[], int], settings: Callable[[], Settings]) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._seen = ""  # the walk goes on behind this sponsor

    def hand_over(self, actor: Actor, name: str, sponsor: str, *, reason: str = "") -> Person:
        """Give a guest another sponsor. Raises NotFound, Conflict (a member), Invalid (nobody who can answer)."""
        now = self._clock()
        with self._db.write() as tx:
            person = named(tx, name, lock=True)
            if person.kind is Kind.MEMBER:
                raise Conflict(f"{person.email} is a member: nobody answers for members", "is_member")
            self._give(tx, actor, person, self._able(tx, sponsor, now), reason, now)
            return named(tx, person.id)

    def hand_over_all(self, actor: Actor, old: str, new: str, *, reason: str = "") -> int:
        """Give every guest of one sponsor to another; how many. In batches: what was done stays done. Raises Invalid."""
        before, total = parse(old), 0
        while True:
            now = self._clock()
            with self._db.write() as tx:
                able = self._able(tx, new, now)
                if able == before:
                    raise Invalid("the two sponsors are the same", "sponsor_same")
                guests = lives.guests_of(tx, before, BATCH)
                for guest in guests:
                    self._give(tx, actor, guest, able, reason, now)
            total += len(guests)
            if len(guests) < BATCH:
                return total

    def look(self) -> int:
        """Note whose sponsor is gone or back; how many guests that concerns. The walk goes on at the next run."""
        concerned = 0
        for _ in range(WALK):
            with self._db.read() as tx:
                sponsor = lives.next_sponsor(tx, self._seen)
                living = sponsor is not None and is_living(tx, self._settings(), sponsor, self._clock())
            if sponsor is None:
                self._seen = ""
                break
            concerned += self._note(sponsor, living=living)
            self._seen = sponsor
        return concerned

    def _note(self, sponsor: str, *, living: bool) -> int:
        """Nothing is written where nothing changed: a walk over sponsors who are here takes no writer."""
        with self._db.read() as tx:
            if not lives.is_other(tx, sponsor, orphaned=not living):
                return 0
        total = 0
        while True:
            with self._db.write() as tx:
                if not living:
                    lives.ask_others(tx, sponsor, self._clock())
                changed = lives.adopt(tx, sponsor) if living else lives.orphan(tx, sponsor, self._clock())
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
        closed = withdraw(tx, actor, guest, now, reason="sponsor_changed") if sponsor != guest.sponsor else Withdrawn(0, {})
        people.change(tx, guest.id, {"sponsor": sponsor, "orphaned_at": None, **closed.values})
        after = people.by_id(tx, guest.id)
        if after is not None:
            people.change(tx, guest.id, schedule(after, rules, now))
        personal = {"sponsor": sponsor, "before": guest.sponsor or ""} | ({"reason": reason} if reason else {})
        audit.record(
            tx, Event(name="guest.sponsor_changed", actor=actor, subject=guest.id, data=closed.to_data(), personal=personal), now
        )
