"""Constructs the core, the root keys and the key ring."""

from __future__ import annotations

import time
from pathlib import Path

from broker.domain.times import DAY, Clock
from broker.keyring.root import load_roots
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.metrics import Meter
from broker.services.partners.federations.partners import FederatedPartners
from broker.settings.reload import CurrentSettings
from broker.storage.engine import Database

_CACHES = 600  # seconds that an application may use its copy of our key set


def system_clock() -> int:
    """Seconds since 1970, UTC."""
    return int(time.time())


def wire_core(files: CurrentSettings, home: Path, clock: Clock, meter: Meter | None = None) -> Core:
    """The core of a home. It needs no keys. meter: hears of receipts that are committed. Raises ConfigErrors."""
    listens = {"committed": meter.receipts} if meter is not None else {}
    db = Database(files.get().broker.database, base=home, **listens)
    return Core(db, clock, FederatedPartners(db, clock, files.get).settings)


def open_sealer(home: Path) -> Sealer:
    """The root keys of a home. Raises KeyFileError."""
    return Sealer(load_roots(home / "keys"))


def wire_keys(core: Core, sealer: Sealer) -> Keys:
    """The key ring. A superseded key stays published as long as a token that it signed is valid."""
    return Keys(core.db, sealer, core.clock, keep=max(DAY, core.settings().broker.tokens.id + _CACHES))
