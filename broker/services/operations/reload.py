"""Partners come and go without a restart: a good set of files is swapped in, a bad one is reported and not used."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from broker.domain.audit import Actor, Event
from broker.domain.times import DAY
from broker.services.core import Core
from broker.services.history import audit
from broker.services.operations.nodes import host_name
from broker.settings.errors import ConfigError
from broker.settings.reload import CurrentSettings
from broker.storage.factors import single_use

_SHOWN = 20  # errors in one audit event
_TOLD_FOR = 7 * DAY  # seconds that one state of the files is reported once by the processes of one machine

_log = logging.getLogger(__name__)


class Reload:
    """What a process does when the files changed, or when a signal asks it to look."""

    def __init__(self, core: Core, current: CurrentSettings) -> None:
        self._db = core.db
        self._clock = core.clock
        self._current = current

    def look(self, *, at_once: bool = False) -> bool:
        """Load what changed; True if this process now uses what is in the files. at_once: also if nothing seems to have changed."""
        if not self._current.changed() and not at_once:
            return not self._current.errors
        before = self._current.get()
        errors = self._current.refresh()
        if errors:
            self._tell("config.refused", _places(errors), before.digest)
            return False
        self._tell("config.reloaded", [], self._current.get().digest, before.digest)
        return True

    def _tell(self, name: str, places: list[str], digest: str, before: str = "") -> None:
        """In the log and the audit, once a machine and state of the files, not once a process."""
        try:
            first = self._record(name, places, digest, before)
        except Exception as error:  # noqa: BLE001 - a database that is away does not keep the log from saying it
            _log.warning("config.not_audited error=%s", type(error).__name__)
            first = True
        if first and places:
            _log.error(
                "config.refused count=%d digest=%s errors=%s", len(places), digest, "; ".join(places)
            )  # digest: stays in use
        elif first:
            _log.warning("config.reloaded digest=%s before=%s", digest, before)

    def _record(self, name: str, places: list[str], digest: str, before: str) -> bool:
        """The audit event; False if another process of this machine wrote it."""
        now = self._clock()
        data: dict[str, object] = {"node": host_name()}
        data |= {"errors": places[:_SHOWN], "count": len(places)} if places else {"before": before}
        with self._db.write() as tx:
            if not single_use.once(tx, name, f"{host_name()}:{self._current.mark}", now + _TOLD_FOR):
                return False
            audit.record(tx, Event(name=name, actor=Actor.system(), target=digest, data=data), now)
        return True


def _places(errors: Iterable[ConfigError]) -> list[str]:
    """`FILE:LINE: key` of each: what stands there may be a secret in the wrong place."""
    lines = (f"{error.file}:{error.line}: {error.key}" for error in errors)
    return ["".join(c if c.isprintable() else "?" for c in line[:200]) for line in lines]
