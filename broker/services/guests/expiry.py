"""Scheduled expiry: asks sponsors for renewal, warns guests, ends access, deletes guests whose access can no longer be restored.

Each guest has a transaction: state, schedule, mails and audit event are committed together. A run that is killed has processed each
guest once or not at all. Of two runs at the same time, the first change of a guest wins.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from broker.domain.audit import Actor, Event
from broker.domain.expiry_rules import NOTICES, ORPHAN_GRACE, Cause, ExpiryPlan, ExpiryStep, Rules, plan
from broker.domain.guest import Person
from broker.domain.guest_states import Act
from broker.domain.mail import Mail, MailKind
from broker.domain.question import QuestionKind
from broker.services.core import Core
from broker.services.guests.renewals import ask_for_renewal
from broker.services.guests.transitions import carry_out, remove, rules_of
from broker.services.history import audit
from broker.services.messages.language import language_of
from broker.services.messages.outbox import Outbox
from broker.storage.batches import BATCH
from broker.storage.directory import guest_schedule, people
from broker.storage.engine import Connection

SOME = 500  # guests of one run; the next run continues

_log = logging.getLogger(__name__)


class Ends:
    """One run processes the guests who are due."""

    def __init__(self, core: Core, outbox: Outbox) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._outbox = outbox
        self._rules: Rules | None = None  # the rules for which all affected guests were scheduled
        self._counts: Counter[str] = Counter()

    def look(self) -> int:
        """Processes guests who are due; returns how many."""
        rules, now = rules_of(self._settings()), self._clock()
        self._wake(rules, now)
        after, seen = (0, ""), 0
        while seen < SOME:
            with self._db.read() as tx:
                batch = guest_schedule.due(tx, now, after, min(100, SOME - seen))
            for person in batch:
                self._safely(person, rules, now)
                after = (person.due_at or 0, person.id)
            seen += len(batch)
            if len(batch) < 100:
                break
        return seen

    def counted(self, what: str) -> int:
        """How many guests were warned (notice), expired (expire) or deleted (forget) since the last call."""
        return self._counts.pop(what, 0)

    def _wake(self, rules: Rules, now: int) -> None:
        """Schedules the guests for whom changed rules mean something, also at the start of a process."""
        if rules.sponsor_required:  # a guest can lose their sponsor at any time
            self._batches(lambda tx: guest_schedule.wake_orphans(tx, now - ORPHAN_GRACE + NOTICES[0], now, BATCH))
        if rules == self._rules:
            return
        if rules.inactive is not None:
            limit = now - rules.inactive + NOTICES[0]
            self._batches(lambda tx: guest_schedule.wake_inactive(tx, limit, now, BATCH))
        self._rules = rules

    def _batches(self, wake: Callable[[Connection], int]) -> None:
        while True:
            with self._db.write() as tx:
                count = wake(tx)
            if count < BATCH:
                return

    def _safely(self, person: Person, rules: Rules, now: int) -> None:
        """A failure for one guest does not stop the others; the next run tries again."""
        try:
            with self._db.write() as tx:
                done = self._do(tx, person, rules, now)
            if done is not None:
                self._counts[done.value] += 1
        except Exception as error:  # noqa: BLE001 - see above
            self._counts["failed"] += 1
            _log.warning("ends.failed person=%s error=%s", person.id, type(error).__name__)  # its text may hold values (LP-01)

    def _do(self, tx: Connection, seen: Person, rules: Rules, now: int) -> ExpiryStep | None:
        found = plan(seen, rules, now)
        taken = guest_schedule.change_if_same(tx, seen, {"due_at": found.due_at, "notices": found.notices})
        if not taken or found.step is None:
            return None
        person = people.by_id(tx, seen.id, lock=True)
        if person is None:
            return None
        if found.step is ExpiryStep.FORGET:
            remove(tx, Actor.system(), person, now, reason="restore_over")
        elif found.step is ExpiryStep.EXPIRE:
            self._expire(tx, person, found, now, rules)
        else:
            self._tell(tx, person, found, now, rules)
        return found.step

    def _expire(self, tx: Connection, person: Person, found: ExpiryPlan, now: int, rules: Rules) -> None:
        """Sets the end of access to now if another rule ended it, so that the time to restore counts from now."""
        end = found.end if found.end is not None else now
        data = {"cause": found.cause.value, "expires_at": end}
        # A scheduled end leaves its question open (IN-16), so that the sponsor can restore the access. An end by staff closes it.
        but = QuestionKind.RENEW if found.cause is Cause.TIME else None
        carry_out(tx, Actor.system(), person, Act.EXPIRE, now, rules, values={"expires_at": end}, data=data, but=but)

    def _tell(self, tx: Connection, person: Person, found: ExpiryPlan, now: int, rules: Rules) -> None:
        """Warns the guest, and asks the sponsor with a question by mail if the end is a date."""
        settings, end = self._settings(), found.end or now
        asked = (
            ask_for_renewal(tx, settings, self._outbox, person, rules, end, now, by_guest=False)
            if found.cause is Cause.TIME
            else []
        )
        self._outbox.add(tx, self._ending(person, end, found.cause, asked), now)
        told = {"cause": found.cause.value, "expires_at": end, "asked": len(asked), "notice": found.notices}
        audit.record(tx, Event(name="guest.warned", actor=Actor.system(), subject=person.id, data=told), now)

    def _ending(self, person: Person, end: int, cause: Cause, asked: list[str]) -> Mail:
        settings = self._settings()
        values = {
            "name": person.name,
            "ends_at": end,
            "cause": cause.value,
            "sponsor": person.sponsor if person.sponsor in asked else "",
            "url": f"{settings.issuer}/apps",
        }
        return Mail(
            kind=MailKind.ENDING,
            recipient=person.email,
            language=language_of(person, settings),
            reply_to=person.sponsor if person.sponsor in asked else None,
            person=person.id,
            values=values,
        )
