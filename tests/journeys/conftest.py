"""One world a test, on a migrated SQLite file; journeys that touch storage most also run on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.journeys.saml_world import SamlWorld, saml_world
from tests.journeys.second_factor import MFA
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
def woodgrove(world: World) -> Iterator[SamlWorld]:
    """The world with a SAML partner that is trusted and asked."""
    with saml_world(world) as made:
        made.file(trust=f"email: true, mfa: [{MFA}], step_up: true")
        yield made
