"""HP-51: keys are rotated while five hundred people sign in; a client that caches as the headers allow never fails."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.demo.browser import Browser
from broker.domain.audit import SYSTEM
from broker.jose.keys import public_keys
from broker.jose.verify import verify
from tests.clock import Clock
from tests.journeys.world import ADA, World, open_world

LOGINS = 500


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """A world of its own."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)


class Cache:
    """The key set as a client keeps it: for as long as Cache-Control says, and not a second less."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url, self._clock, self._until = url, clock, -1
        self._keys: Any = ()
        self.fetched = 0

    def keys(self) -> Any:
        """The keys that the client has now."""
        if self._clock.now >= self._until:
            with urllib.request.urlopen(self._url) as answer:
                age = re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])
                self._keys = public_keys(json.loads(answer.read()))
            self._until = self._clock.now + int(age[1] if age else 0)
            self.fetched += 1
        return self._keys


def test_rotation_under_load(world: World) -> None:
    """Two rotations in an hour of sign-ins: every ID token verifies with the cached keys, and new keys do sign."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    cache = Cache(f"{world.url}/jwks", world.clock)
    kids: list[str] = []
    for number in range(LOGINS):
        if number in (100, 300):
            world.broker.keys.rotate(SYSTEM, now_active=False)
        if number % 200 == 0:  # before the session's idle time is over
            ada.browser = Browser(clock=world.clock)
        tokens = world.sign_in(ada)
        verified = verify(tokens.id_token, cache.keys(), ("RS256",))
        kids.append(str(verified.header["kid"]))
        world.clock.advance(7)
    assert len(set(kids)) == 3
    assert cache.fetched <= LOGINS * 7 // 300 + 2
