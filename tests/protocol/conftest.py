"""One stage a test: keys made once a run, a database and a home of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from broker.app import build
from broker.jose.keys import PrivateKey, generate
from broker.keyring.create import new_records
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.storage.partners import signing_keys
from broker.web import create_web
from tests.clock import START, Clock
from tests.protocol.stage import Stage, write_home


@pytest.fixture(scope="session")
def ring(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The folder of a root key, and the rows of a first ring sealed under it: RSA keys take their time."""
    folder = tmp_path_factory.mktemp("ring") / "keys"
    create_root(folder)
    return folder, [asdict(record) for record in new_records(START, Sealer(load_roots(folder)), now_active=True)]


@pytest.fixture(scope="session")
def bank_key() -> PrivateKey:
    """The key of the application `bank`."""
    return generate("ES256", "bank-1")


def raise_stage(
    home: Path, url: str, clock: Clock, ring: tuple[Path, list[dict[str, Any]]], bank_key: PrivateKey
) -> Iterator[Stage]:
    """Build the broker of a new home."""
    shutil.copytree(ring[0], home / "keys")
    write_home(home, url, bank_key.public_jwk())
    broker = build(home, environ={}, clock=clock)
    with broker.core.db.write() as tx:
        for row in ring[1]:
            signing_keys.add(tx, row)
    yield Stage(home, broker, create_web(broker), clock, bank_key)
    broker.close()


@pytest.fixture
def stage(tmp_path: Path, sqlite_url: str, clock: Clock, ring, bank_key) -> Iterator[Stage]:
    """On a SQLite file."""
    yield from raise_stage(tmp_path / "home", sqlite_url, clock, ring, bank_key)


@pytest.fixture
def both(tmp_path: Path, database_url: str, clock: Clock, ring, bank_key) -> Iterator[Stage]:
    """On SQLite and on PostgreSQL."""
    yield from raise_stage(tmp_path / "home", database_url, clock, ring, bank_key)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path, ring, bank_key) -> Iterator[Stage]:
    """One stage for a whole file, for tests that leave its files and its people as they are."""
    home = tmp_path_factory.mktemp("calm")
    shutil.copyfile(_migrated_file, home / "broker.db")
    yield from raise_stage(home, f"sqlite:///{home / 'broker.db'}", Clock(), ring, bank_key)
