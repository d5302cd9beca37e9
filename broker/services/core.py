"""The core: the three values that nearly every service needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.domain.times import Clock
from broker.settings.load import Settings
from broker.storage.engine import Database


@dataclass(frozen=True, slots=True)
class Core:
    """Database, clock and configuration of one process.

    It contains no key: the services that seal or sign get the sealer or the key ring as an argument of their own, and a command
    that needs no key can be built without one.
    """

    db: Database
    clock: Clock
    settings: Callable[[], Settings]  # the files in force; a service reads them once per use case
