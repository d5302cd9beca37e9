"""A database came back from a backup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.expiry_rules import Rules
from broker.domain.guest_states import Act, may
from broker.domain.times import Clock
from broker.services.guests import acts
from broker.services.history import audit
from broker.services.operations.later_events import LaterEvents
from broker.storage.directory import changes, people
from broker.storage.engine import Connection, Database
from broker.storage.factors import factors
from broker.storage.operations import after_restore


@dataclass(frozen=True, slots=True)
class AfterRestore:
    """ended: kind -> number. ended_again: ids of guests whose access ended after the backup. removed_again: sign-in methods that were
    removed after it. later: what else happened then.
    """

    ended: Mapping[str, int]
    ended_again: tuple[str, ...] = ()
    removed_again: int = 0
    later: LaterEvents = field(default_factory=LaterEvents)

    def to_json(self) -> dict[str, Any]:
        """For `--json`; what the audit added only if it was given."""
        if not self.later.names:
            return dict(self.ended)
        again = {"ended_again": self.ended_again, "methods_removed_again": self.removed_again}
        return {**self.ended, **again, "deleted_since": self.later.deleted, "events_since": self.later.names}


class Restored:
    """Run once after a restore, before the nodes start."""

    def __init__(self, db: Database, clock: Clock, rules: Rules) -> None:
        """db: the restored one, at this version's tables. rules: of the files, about the ends of access."""
        self._db = db
        self._clock = clock
        self._rules = rules

    def run(self, actor: Actor, later: LaterEvents | None = None) -> AfterRestore:
        """End all that could be replayed (HT-14), the access that ended and the sign-in methods that were removed after the backup.

        People, bindings, consents and keys stay.
        """
        with self._db.write() as tx:
            return self.within(tx, actor, later)

    def within(self, tx: Connection, actor: Actor, later: LaterEvents | None = None) -> AfterRestore:
        """The same in the transaction that makes the database usable."""
        now, later = self._clock(), later or LaterEvents()
        ended = after_restore.end_everything(tx, now)
        changes.begin_anew(tx)
        again = tuple(person for person, act in sorted(later.ends.items()) if self._ends(tx, actor, person, act, now))
        removed = sum(
            factors.remove_all(tx, person) if method is None else factors.remove(tx, method, person)
            for person, method in later.methods
        )
        data: dict[str, object] = {**ended, "ended_again": len(again), "methods_removed_again": removed}
        audit.record(tx, Event(name="database.restored", actor=actor, data=data), now)
        return AfterRestore(ended, again, removed, later)

    def _ends(self, tx: Connection, actor: Actor, person_id: str, act: Act, now: int) -> bool:
        """Ends the access of a person who has it in the backup. A person who was deleted is blocked: staff deletes them again."""
        person = people.by_id(tx, person_id, lock=True)
        if person is None or not may(person.state, act):
            return False
        values = {"expires_at": now} if act is Act.EXPIRE else {}
        acts.change(tx, actor, person, act, now, self._rules, reason="restored", values=values)
        return True
