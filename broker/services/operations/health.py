"""Is this node fit to serve, and how much is there of everything."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.storage import migrate
from broker.storage.operations import figures as counts

_log = logging.getLogger(__name__)


class Health:
    """What `/readyz` and `/metrics` say."""

    def __init__(self, core: Core, keys: Keys) -> None:
        self._db = core.db
        self._clock = core.clock
        self._keys = keys

    def checks(self) -> Mapping[str, bool]:
        """Each check by name; no text of any failure leaves the log."""
        return {"database": self._holds(self._database), "keys": self._holds(self._ring)}

    def figures(self) -> Mapping[str, tuple[str, float]]:
        """Metric name -> (help text, value)."""
        with self._db.read() as tx:
            return counts.figures(tx, self._clock())

    def _database(self) -> bool:
        return migrate.current(self._db) == migrate.head()

    def _ring(self) -> bool:
        return bool(self._keys.ring().jwks(self._clock())["keys"]) and self._keys.problem is None

    @staticmethod
    def _holds(check: Callable[[], bool]) -> bool:
        try:
            return check()
        except Exception as error:  # noqa: BLE001 - whatever fails, the node is not ready
            _log.warning("not_ready error=%s", type(error).__name__)
            return False
