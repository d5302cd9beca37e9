"""The company of the journeys, for attacks that were possible once: each file names the fault that it keeps away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.journeys.world import World, open_world


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """The company Contoso with three partners and two applications."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)


@pytest.fixture
def both(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    """The same on SQLite and on PostgreSQL."""
    yield from open_world(tmp_path / "home", database_url, clock)
