"""A database came back from a backup."""

from __future__ import annotations

from collections.abc import Mapping

from broker.domain.audit import Actor, Event
from broker.domain.times import Clock
from broker.services.history import audit
from broker.storage.directory import changes
from broker.storage.engine import Database
from broker.storage.operations import after_restore


class Restored:
    """Run once after a restore, before the nodes start."""

    def __init__(self, db: Database, clock: Clock) -> None:
        """db: the restored one, at this version's tables."""
        self._db = db
        self._clock = clock

    def run(self, actor: Actor) -> Mapping[str, int]:
        """End all that could be replayed (HT-14); how many of each kind. People, bindings, consents and keys stay."""
        now = self._clock()
        with self._db.write() as tx:
            ended = after_restore.end_everything(tx, now)
            changes.begin_anew(tx)
            audit.record(tx, Event(name="database.restored", actor=actor, data=dict(ended)), now)
        return ended
