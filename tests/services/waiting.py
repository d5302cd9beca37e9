"""A key set that is answered when everybody waits for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from broker.demo.identity import IdentityProvider


def until_calls(nodes: Sequence[Any], count: int) -> None:
    """Wait until so many threads of these nodes call somebody, or wait for the call of another. nodes: their `Broker.http`."""
    end = time.monotonic() + 20
    while (found := sum(sum(http._places._taken.values()) for http in nodes)) < count:
        assert time.monotonic() < end, f"{found} of {count} came"
        time.sleep(0.005)


def count_key_requests(provider: IdentityProvider, nodes: Sequence[Any] = (), waiting: int = 0) -> list[float]:
    """The times at which the key set is asked for. It is answered when `waiting` threads of these nodes call or wait."""
    asked: list[float] = []
    honest = provider.jwks

    def jwks() -> Any:
        asked.append(time.monotonic())
        found = honest()
        until_calls(nodes, waiting)
        return found

    provider.jwks = jwks  # type: ignore[method-assign]
    return asked
