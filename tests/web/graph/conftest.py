"""The API of one company."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.web.graph.api import Api, open_api


@pytest.fixture
def api(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[Api]:
    """On a SQLite file."""
    with open_api(tmp_path, sqlite_url, clock) as made:
        yield made


@pytest.fixture
def both(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Api]:
    """On SQLite and on PostgreSQL."""
    with open_api(tmp_path, database_url, clock) as made:
        yield made
