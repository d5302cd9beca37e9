"""Calls of the outbound client, as its tests make them."""

from __future__ import annotations

import pytest

from broker.connectors.outbound.client import HttpClient, HttpFailure
from tests.connectors.provider import Request


def ok(_request: Request) -> tuple[int, dict[str, str], bytes]:
    """The shortest answer."""
    return 200, {}, b"{}"


def reason_of(client: HttpClient, url: str, **options: int) -> str:
    """Why a request was refused."""
    with pytest.raises(HttpFailure) as refusal:
        client.get(url, accept="application/json", **options)  # type: ignore[arg-type]  # options of `get` by name
    return refusal.value.reason
