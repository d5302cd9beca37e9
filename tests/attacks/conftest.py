"""The company of the journeys, for attacks that were possible once: each file names the fault that it keeps away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Serving, make_home, serve
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


@pytest.fixture
def small(tmp_path: Path, sqlite_url: str) -> Iterator[Serving]:
    """A real `broker serve` of one process and two threads: what holds two requests holds all."""
    with serve(make_home(tmp_path, sqlite_url), "--workers", "1", "--threads", "2") as started:
        yield started
