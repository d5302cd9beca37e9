"""The management API gets thousands of requests that Schemathesis makes from its OpenAPI document."""

from __future__ import annotations

from pathlib import Path

from tests.clock import Clock
from tests.web.graph.api import open_api
from tests.web.graph.requests_made import ask_everything


def test_many_requests_made_from_the_document(tmp_path: Path, sqlite_url: str, clock: Clock) -> None:
    """LP-03, AD-02: a hundred valid and a hundred wrong requests to each operation."""
    with open_api(tmp_path, sqlite_url, clock) as api:
        sent = ask_everything(api, examples=100, start=2026)
    assert min(sent.values()) >= 20, sent
