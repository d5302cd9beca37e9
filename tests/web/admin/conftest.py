"""A company with somebody of every role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.web.admin.company import Company, open_company


@pytest.fixture
def company(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Company]:
    """On both databases."""
    with open_company(tmp_path, database_url, clock) as made:
        yield made
