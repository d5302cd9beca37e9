"""Schemathesis makes requests from the OpenAPI document: no fault of ours, and nothing that the document does not say."""

from __future__ import annotations

from tests.web.graph.api import Api
from tests.web.graph.requests_made import ask_everything
from tests.web.graph.test_openapi import document, operations


def test_requests_made_from_the_document(api: Api) -> None:
    """Each operation, with requests that it describes and with requests that it does not; `make deep` sends more."""
    sent = ask_everything(api, examples=3, start=16)
    every = {f"{method} {path}" for method, path in operations(document(api))}
    assert set(sent) == every - {"GET /openapi.json"}  # which takes nothing that could vary
