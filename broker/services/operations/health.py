"""Is this node fit to serve."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.storage import migrate
from broker.storage.operations import figures

_log = logging.getLogger(__name__)


class Health:
    """What `/readyz` says."""

    def __init__(self, core: Core, keys: Keys) -> None:
        self._db = core.db
        self._clock = core.clock
        self._keys = keys

    def checks(self) -> Mapping[str, bool]:
        """Each check by name; no text of any failure leaves the log."""
        reached = self._holds(self._database)
        return {
            "database": reached,
            "schema": reached and self._holds(self._schema),
            "keys": reached and self._holds(self._ring),
        }

    def outbox_late(self) -> int:
        """Seconds that an e-mail has waited since it was due; 0 if none waits. Raises Unavailable."""
        with self._db.read() as tx:
            return int(figures.outbox_age(tx, self._clock())["outbox_late_seconds"][1])

    def _database(self) -> bool:
        with self._db.read() as tx:
            tx.exec_driver_sql("SELECT 1")
        return True

    def _schema(self) -> bool:
        found = migrate.current(self._db)
        return found == migrate.head() or migrate.is_newer(found)

    def _ring(self) -> bool:
        return bool(self._keys.ring().jwks(self._clock())["keys"]) and self._keys.problem is None

    @staticmethod
    def _holds(check: Callable[[], bool]) -> bool:
        try:
            return check()
        except Exception as error:  # noqa: BLE001 - whatever fails, the node is not ready
            _log.warning("not_ready error=%s", type(error).__name__)
            return False
