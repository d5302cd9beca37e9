"""Worlds for services that need partners, pages or mails. Others take the fixture `core` (tests/core.py)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.journeys.world import World, open_world


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    """Contoso and its partners, on each database."""
    yield from open_world(tmp_path / "home", database_url, clock)


@pytest.fixture
def small(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """The same, on SQLite only."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)
