"""One sign-in method of a guest is removed by a program or by staff; the guest is notified (MF-12)."""

from __future__ import annotations

from collections.abc import Collection

from broker.domain.audit import Actor, Event
from broker.domain.errors import Forbidden, NotFound
from broker.domain.times import MINUTE
from broker.services.authorization import Right
from broker.services.core import Core
from broker.services.factors.reset import VOUCHED
from broker.services.guests.views import MethodView
from broker.services.history import audit
from broker.services.lookup import guest_for
from broker.services.messages.factor_notices import notice
from broker.services.messages.outbox import Outbox
from broker.services.sessions.revocation import end_access
from broker.storage.directory import people
from broker.storage.factors import factors, resets

PROVEN_WITHIN = 10 * MINUTE  # of a person who acts through an application


class MethodRemoval:
    """What a lost device could still open ends with it."""

    def __init__(self, core: Core, outbox: Outbox) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._outbox = outbox

    def remove(self, actor: Actor, name: str, factor_id: str, kinds: Collection[str]) -> None:
        """Removes one method of a guest, and ends their sessions and tokens. kinds: which the method may be of (MethodView.kind).

        Without the last method recovery codes open nothing, so they go, too. A reset that was agreed to has nothing left to remove.
        Raises Forbidden (also for a person whose proof is too old: an application may hold their token for a day), NotFound.
        """
        now = self._clock()
        with self._db.write() as tx:
            person = guest_for(tx, self._settings(), actor, Right.RESET_FACTORS, name, now, lock=True)
            if actor.permissions is not None and (actor.proven_at is None or actor.proven_at < now - PROVEN_WITHIN):
                raise Forbidden(
                    "The last sign-in of this person is older than ten minutes: ask with max_age=600.", "proof_too_old"
                )
            held = factors.of_person(tx, person.id)
            gone = next((one for one in held if one.id == factor_id and MethodView.of(one).kind in kinds), None)
            if gone is None or not factors.remove(tx, factor_id, person.id):
                raise NotFound("there is no such sign-in method", "factor_unknown")
            if len(held) == 1:
                factors.remove_all(tx, person.id)
                resets.stop(tx, person.id)
                people.change(tx, person.id, {"vouched_until": now + VOUCHED})
            end_access(tx, person.id, now)
            data: dict[str, object] = {"factor": factor_id, "method": gone.method.value}
            audit.record(tx, Event(name="factor.removed", actor=actor, subject=person.id, data=data), now)
            self._outbox.add(tx, notice(person, "removed", now, data), now)
