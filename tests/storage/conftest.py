"""The storage suite runs on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.storage.engine import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Each test once on SQLite and once on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.close()
