"""A root key and a first ring, made once a worker: RSA keys take their time, and most tests only use them.

tests/keyring, tests/cli and `broker keys init` in the demo's tests still make real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from broker.app import Broker
from broker.domain.audit import Actor
from broker.keyring.create import SIGNING, new_records
from broker.keyring.ring import KeyRecord
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from tests.clock import START


@cache
def _root() -> tuple[str, bytes, Sealer]:
    with TemporaryDirectory() as folder:
        path = create_root(Path(folder) / "keys", lambda: START)
        return path.name, path.read_bytes(), Sealer(load_roots(path.parent))


@cache
def _record(use: str, alg: str) -> KeyRecord:
    (record,) = new_records(START, _root()[2], now_active=True, algs=[(use, alg)], name="localhost")
    return record


def sealer() -> Sealer:
    """What seals under the worker's root key."""
    return _root()[2]


def write_root(folder: Path) -> None:
    """The worker's root key, as `broker keys init` leaves one; under it the ring's private keys are sealed."""
    name, content, _ = _root()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    path.touch(0o600)
    path.write_bytes(content)


def records(now: int = START, wanted: Sequence[tuple[str, str]] = SIGNING) -> list[KeyRecord]:
    """One key for each (use, alg), active at once; the same ones in every test of a worker."""
    return [replace(_record(*pair), created_at=now, active_from=now) for pair in wanted]


def add_ring(broker: Broker, wanted: Sequence[tuple[str, str]] = SIGNING) -> None:
    """What `broker.keys.ensure(Actor.system(), wanted)` does to a broker whose root key is `write_root`'s."""
    now = broker.core.clock()
    there = {(key.use, key.alg) for key in broker.keys.list()}
    with broker.core.db.write() as tx:
        broker.keys._add(tx, records(now, [pair for pair in wanted if pair not in there]), Actor.system(), "keys.created", now)
    broker.keys._look_anew()
